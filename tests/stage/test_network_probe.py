"""Testing an address before joining: which of them answers, and why the others do not."""

from pathlib import Path

import pytest

from node.network import test_address as probe
from tests.stage.network_fleet import (
    OTHER_PSK,
    PATIENCE,
    PSK,
    address_of,
    fleet_in,
    id_of,
    key_of,
    linked,
    reaches,
    stranger,
    until,
)


async def test_a_node_of_the_fleet_answers_and_the_visit_leaves_no_link(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        assert await probe(alice.addresses[0], PSK, key_of("carol"), PATIENCE) is None
        await until(lambda: [link.peer_id for link in alice.peers()] == [bob.peer_id])
        await reaches(alice, bob)


async def test_each_way_of_not_answering_has_its_words(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice")
        address = address_of(alice)
        nobody = f"/ip4/127.0.0.1/tcp/9/p2p/{alice.peer_id}"
        other = f"{address}/p2p/{id_of('bob')}"
        key = key_of("carol")
        assert "nothing listens" in str(await probe(nobody, PSK, key, PATIENCE))
        assert "another node answers" in str(await probe(other, PSK, key, PATIENCE))
        assert "this node itself" in str(await probe(alice.addresses[0], PSK, key_of("alice"), PATIENCE))
        assert "not an address of a node" in str(await probe(address, PSK, key, PATIENCE))
        assert "64 hex digits" in str(await probe(alice.addresses[0], "short", key, PATIENCE))
        assert "expected 32" in str(await probe(alice.addresses[0], PSK, b"short", PATIENCE))


async def test_a_wrong_network_key_is_named_and_the_listener_is_unharmed(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        reason = await probe(alice.addresses[0], OTHER_PSK, key_of("carol"), 4)
        assert "private network key (psk)" in str(reason)
        assert alice.statistics().rebuilt == 0
        await reaches(bob, alice)


async def test_without_a_network_key_nobody_comes_in(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet, stranger(psk=None) as mallory:
        alice, bob = await fleet.pair()
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the library makes of it
            await mallory.connect(alice)
        assert [link.peer_id for link in alice.peers()] == [bob.peer_id]
        await reaches(bob, alice)


async def test_a_node_with_another_key_says_so_in_its_log(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice")
        bob = await fleet.start("bob", seeds=tuple(alice.addresses))
        await linked(alice, bob)
        carol = await fleet.start("carol", psk=OTHER_PSK, seeds=tuple(alice.addresses))

        def reasons() -> list[str]:
            return [str(fields["reason"]) for event, fields in fleet.log.lines if event == "cannot reach peer"]

        await until(lambda: any("private network key (psk)" in reason for reason in reasons()))
        assert not carol.peers()
