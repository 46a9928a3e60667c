"""Who does not belong: no effect, one line in the log, one counter."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from aggregator import invitation
from node import admission, identity
from node import fleet as fleet_file
from node.control.roll import Ban
from tests.fleet.fleet import PATIENCE, Fleet, FleetNode, fleet, name, together, until
from tests.fleet.founding import WINDOW, Founded
from tests.pure.factories import seen
from tests.sender import error
from tests.stage.meshes import Founders, MeshNode, node
from tests.stage.run_cli import Home
from tests.stage.standin import Hub

EXPIRED = -60.0  # seconds that an invitation lasts


def address(founded: Founded, name: str) -> str:
    return f"{founded.address(name)}/p2p/{founded.peers[name]}"


@asynccontextmanager
async def stranger(founders: Founders, directory: Path, founded: Founded, psk: str = "") -> AsyncGenerator[MeshNode]:
    """Somebody who dials alice, with much to tell."""
    async with node(founders, directory, address(founded, "alice"), psk=psk) as mallory:
        await mallory.counting.count([seen(1, 1000)], {}, [])
        yield mallory


async def counted(node: FleetNode, counter: str) -> bool:
    return (await node.status()).gossip.get(counter, 0) > 0


async def test_without_the_key_without_membership_or_by_an_expired_invitation_there_is_no_effect(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    file = fleet_file.read(founded.directory / "alice" / "state" / fleet_file.NAME)
    assert file is not None
    psk = file.network_keys[0].psk
    fleet_key = identity.load(founded.directory / "alice" / "state" / fleet_file.KEY_NAME).private_bytes()
    elsewhere = Founders(length=WINDOW)
    too_late = Founders(length=WINDOW, seed=fleet_key, lasts=EXPIRED)
    async with fleet(founded, hub, tmp_path, "alice", "bob") as some:
        alice = some["alice"]
        await some.linked()
        async with (
            stranger(elsewhere, tmp_path / "mallory", founded),
            stranger(elsewhere, tmp_path / "trudy", founded, psk) as trudy,
            stranger(too_late, tmp_path / "eve", founded, psk) as eve,
        ):
            for counter in ("rejected_handshake_failed", "refused_other_fleet", "refused_invitation_expired"):
                await until(lambda counter=counter: counted(alice, counter), PATIENCE)
            await alice.report(error(2))
            await some.agree({name(2): 1})
            for each in (trudy, eve):
                assert len(alice.lines("stranger refused", each.mesh.network.peer_id)) == 1
        told = alice.lines("level=warning", "handshake failed")
        assert len([line for line in told if "repeated=" not in line]) == 1  # once a minute it says how often
        rows = (await alice.peers()).values()
        assert {row.peer for row in rows if not row.reason} == {node.peer for node in some}


async def test_an_expired_invitation_is_refused_by_join_with_the_remedy(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    state = founded.directory / "alice" / "state"
    file = fleet_file.load_fleet(state, founded.peers["alice"])
    assert file is not None
    read = invitation.read((founded.directory / "token").read_text(), identity.verify_key, lambda _: True)
    token = admission.write_token(state, file, read.invitation.expires - 7 * 86_400, 1, [address(founded, "alice")])
    ran = await Home(tmp_path).run("join", token)
    assert ran.code == 1
    assert "expired" in ran.err
    assert "aggregator invite" in ran.err
    assert not (tmp_path / "state").exists()


async def test_what_a_banned_member_counts_has_no_effect_wherever_it_is_heard(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    """Dave is banned while he and carol are cut off: she took his word until she heard of it."""
    names = ("alice", "bob", "carol", "dave")
    async with fleet(founded, hub, tmp_path, *names, cables=True) as some:
        await some.linked()
        await some["dave"].report(error(1))
        await some.agree({name(1): 1})
        some.cables.cut(("alice", "bob"), ("carol", "dave"))
        await trio.to_thread.run_sync(some["alice"].control.ban, Ban(subject=some["dave"].peer))
        await trio.sleep(2 * WINDOW)  # a window that began after the ban
        await some["dave"].report(error(1), error(2))
        await some["carol"].report(error(3))
        await some.agree({name(1): 2, name(2): 1, name(3): 1}, "carol", "dave")

        some.cables.heal()
        await together(lambda each: some[each].report(error(4)), ("alice", "carol"))
        left = {name(1): 1, name(3): 1, name(4): 2}
        await some.agree(left, "alice", "bob", "carol", within=PATIENCE)
        for each in ("alice", "bob", "carol"):
            await until(lambda each=each: is_cut(some, each), PATIENCE)


async def is_cut(some: Fleet, viewer: str) -> bool:
    row = (await some[viewer].peers())[some["dave"].peer]
    return row.reason == "BANNED" and not row.link
