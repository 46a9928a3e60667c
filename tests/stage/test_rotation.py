"""New keys go round a running fleet of real meshes: no link is cut, nobody is forgotten, no stranger is told."""

import secrets
from pathlib import Path

import msgspec
import pytest
import trio

from aggregator.fleetkey import Keys, NetworkKey, renew, succeed
from aggregator.member import admit, invite
from aggregator.reason import Reason
from node import fleet, rotation
from node.clock import SystemClock
from node.fleet import FleetError, FleetFile
from node.identity import Identity, from_seed
from node.network import NetworkError
from tests.stage.meshes import LENGTH, Founders, MeshNode, node
from tests.stage.network_fleet import until

HOUR = 3_600.0


def next_key(founders: Founders, before: NetworkKey, grace: float = HOUR, by: Identity | None = None) -> NetworkKey:
    public, sign = (by.public, by.sign) if by else (founders.fleet, founders.fleet_key.sign)
    return renew(before, secrets.token_bytes(32), SystemClock().now(), grace, public, lambda message: sign(message))


def generation(one: MeshNode) -> int:
    return one.mesh.rotation.file.network_keys[0].generation


def on_disk(directory: Path) -> FleetFile:
    found = fleet.read(directory / fleet.NAME)
    assert found is not None
    return found


async def meet(*nodes: MeshNode) -> None:
    await until(lambda: all(len(each.mesh.neighbours()) >= 1 for each in nodes))


async def test_a_new_key_reaches_those_that_are_linked_only_through_others_and_cuts_no_link(tmp_path: Path) -> None:
    founders = Founders()
    with trio.fail_after(180):
        async with (
            node(founders, tmp_path / "alice") as alice,
            node(founders, tmp_path / "bob", alice.address) as bob,
            node(founders, tmp_path / "carol", bob.address) as carol,
        ):
            await meet(alice, bob, carol)
            before = {link.peer_id: link.connected_since for link in bob.mesh.network.peers()}
            key = next_key(founders, founders.network_key)
            told = await alice.mesh.rotation.renew(Keys(network=[key]))
            assert (told.generation, told.fleet_keys) == (2, 1)
            assert bob.mesh.fleet.me.peer in told.told
            await until(lambda: generation(carol) == 2)
            after = {link.peer_id: link.connected_since for link in bob.mesh.network.peers()}
            assert before.items() <= after.items()
    for name in ("alice", "bob", "carol"):
        assert [each.generation for each in on_disk(tmp_path / name).network_keys] == [2, 1]


async def test_who_was_away_comes_back_with_the_key_it_had_and_learns_the_new_one(tmp_path: Path) -> None:
    founders = Founders()
    with trio.fail_after(180):
        async with node(founders, tmp_path / "alice") as alice:
            key = next_key(founders, founders.network_key)
            await alice.mesh.rotation.renew(Keys(network=[key]))
            async with node(founders, tmp_path / "bob", alice.address) as bob:
                await until(lambda: generation(bob) == 2)
                assert bob.mesh.rotation.file.psks(SystemClock().now()) == [key.psk, founders.network_key.psk]


async def test_when_the_grace_is_over_the_old_key_is_taken_from_use(tmp_path: Path) -> None:
    founders = Founders()
    with trio.fail_after(180):
        async with node(founders, tmp_path / "alice") as alice, node(founders, tmp_path / "bob", alice.address) as bob:
            await meet(alice, bob)
            await alice.mesh.rotation.renew(Keys(network=[next_key(founders, founders.network_key, grace=0.0)]))
            await until(lambda: generation(bob) == 2)  # over the link that was up already
            async with node(founders, tmp_path / "carol", alice.address) as carol:
                await until(lambda: carol.mesh.network.statistics().dial_failures > 0)
                assert generation(carol) == 1
                assert not carol.mesh.neighbours()


async def test_two_who_rotate_at_once_end_with_one_key(tmp_path: Path) -> None:
    founders = Founders()
    with trio.fail_after(180):
        async with node(founders, tmp_path / "alice") as alice, node(founders, tmp_path / "bob", alice.address) as bob:
            await meet(alice, bob)
            keys = [next_key(founders, founders.network_key) for _ in range(2)]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(alice.mesh.rotation.renew, Keys(network=keys[:1]))
                nursery.start_soon(bob.mesh.rotation.renew, Keys(network=keys[1:]))
            await until(lambda: alice.mesh.rotation.file.network_keys == bob.mesh.rotation.file.network_keys)
            assert len(alice.mesh.rotation.file.network_keys) == 3


async def test_who_is_banned_is_not_told(tmp_path: Path) -> None:
    founders = Founders()
    with trio.fail_after(180):
        async with node(founders, tmp_path / "alice") as alice, node(founders, tmp_path / "bob", alice.address) as bob:
            await meet(alice, bob)
            peer = bob.mesh.fleet.me.peer
            await alice.keeper.decide("ban", peer, [("ban", peer, int(SystemClock().now()))], founders.ban)
            told = await alice.mesh.rotation.renew(Keys(network=[next_key(founders, founders.network_key)]))
            assert (told.told, told.others) == ([], [])
            payload = msgspec.msgpack.encode(Keys())
            with pytest.raises(PermissionError, match="banned"):
                await alice.mesh.rotation.handle(peer, payload)
            await until(lambda: not alice.mesh.network.peers())
            assert generation(bob) == 1


async def test_a_stranger_with_the_network_key_is_not_told(tmp_path: Path) -> None:
    founders, others = Founders(), Founders()
    others.network_key = founders.network_key
    with trio.fail_after(180):
        async with node(founders, tmp_path / "alice") as alice, node(others, tmp_path / "eve", alice.address) as eve:
            await until(lambda: len(eve.mesh.network.peers()) == 1)
            with pytest.raises(NetworkError):
                await eve.mesh.network.request(alice.mesh.fleet.me.peer, rotation.PROTOCOL, b"\x80", 5.0)
            await until(lambda: alice.mesh.rotation.counts["refused"] == 1)


async def test_only_what_the_fleet_key_signed_is_taken(tmp_path: Path) -> None:
    founders, mallory = Founders(), Founders()
    async with node(founders, tmp_path / "alice") as alice:
        own = next_key(mallory, founders.network_key)
        led = succeed(founders.fleet, mallory.fleet, lambda message: mallory.fleet_key.sign(message))
        forged = msgspec.structs.replace(next_key(founders, founders.network_key), secret=b"x" * 32)
        for keys in (Keys(network=[own]), Keys(network=[own], successions=[led]), Keys(network=[forged])):
            with pytest.raises(FleetError, match="not signed by this fleet"):
                await alice.mesh.rotation.renew(keys)
        assert generation(alice) == 1
        assert not (tmp_path / "alice" / fleet.NAME).exists()


async def test_what_cannot_be_kept_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise FleetError("fleet.json: cannot be written (No space left on device): check owner and space")

    founders = Founders()
    async with node(founders, tmp_path / "alice") as alice:
        monkeypatch.setattr(rotation, "save", full)
        with pytest.raises(FleetError, match="No space"):
            await alice.mesh.rotation.renew(Keys(network=[next_key(founders, founders.network_key)]))
        assert generation(alice) == 1
        assert alice.mesh.network.stack is not None
        assert alice.mesh.network.stack.swarm.psk == founders.network_key.psk


class Successors(Founders):
    """The same fleet after its key was replaced: who joins now was let in by the new one."""

    def __init__(self, before: Founders, successor: Identity) -> None:
        super().__init__()
        self.fleet, self.network_key = before.fleet, before.network_key
        self.step = succeed(before.fleet, successor.public, lambda message: before.fleet_key.sign(message))
        self._by, self._guest = successor, from_seed(b"g" * 32)

    def file(self, peer: str, *, asking: bool = True) -> FleetFile:
        """Of one who is yet to be let in."""
        now = SystemClock().now()
        by = invite(self._by.public, self._guest.public, now + HOUR, 9, self._by.sign)
        return FleetFile(
            name="test",
            id=self.fleet,
            successions=[self.step],
            network_keys=[self.network_key],
            marker=b"m" * 16,
            length=LENGTH,
            member=admit(peer, by, self._guest.sign),
        )


async def test_a_new_fleet_key_goes_round_and_who_it_lets_in_is_a_member_for_all(tmp_path: Path) -> None:
    founders = Founders()
    successor = from_seed(b"s" * 32)
    later = Successors(founders, successor)
    with trio.fail_after(180):
        async with node(founders, tmp_path / "alice") as alice, node(founders, tmp_path / "bob", alice.address) as bob:
            await meet(alice, bob)
            key = next_key(founders, founders.network_key, by=successor)
            told = await alice.mesh.rotation.renew(Keys(network=[key], successions=[later.step]))
            assert told.fleet_keys == 2
            await until(lambda: generation(bob) == 2)
            async with node(later, tmp_path / "carol", bob.address) as carol:
                peer = carol.mesh.fleet.me.peer
                await until(lambda: alice.mesh.fleet.why_not(peer) is None and bob.mesh.fleet.why_not(peer) is None)
                await until(lambda: generation(carol) == 2)
                await until(lambda: carol.mesh.fleet.why_not(alice.mesh.fleet.me.peer) is None)


async def test_without_the_succession_a_member_by_the_new_fleet_key_is_a_stranger(tmp_path: Path) -> None:
    founders = Founders()
    later = Successors(founders, from_seed(b"s" * 32))
    async with node(founders, tmp_path / "alice") as alice:
        member = later.file("12D3KooW").member
        assert alice.mesh.fleet.roster.put(member) is Reason.OTHER_FLEET
