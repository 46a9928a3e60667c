"""Being let in, over real links: by whoever is there, kept over a restart, with the inviter long gone."""

from contextlib import AsyncExitStack
from pathlib import Path

import trio

from aggregator.member import Member
from tests.stage.meshes import Founders, MeshNode, node
from tests.stage.network_fleet import until


def own_chain(some: MeshNode) -> Member:
    return some.mesh.door.member


def knows(some: MeshNode, other: str) -> bool:
    return some.mesh.fleet.why_not(other) is None


async def test_who_was_let_in_lets_in_others_when_the_inviter_is_gone_and_stays_in_over_a_restart(
    tmp_path: Path,
) -> None:
    founders = Founders(uses=3)
    with trio.fail_after(180):
        async with AsyncExitStack() as first:
            alice = await first.enter_async_context(node(founders, tmp_path / "alice"))
            bob = await first.enter_async_context(node(founders, tmp_path / "bob", alice.address, asking=True))
            await until(lambda: bool(own_chain(bob).signature))
            assert own_chain(bob).voucher == alice.mesh.fleet.me.peer
            await until(lambda: len(bob.keeper.book.sums.all()) > 0 and len(bob.mesh.fleet.roster.members()) == 2)
            gone, before = alice.mesh.fleet.me.peer, own_chain(bob)

        async with AsyncExitStack() as then:
            bob = await then.enter_async_context(node(founders, tmp_path / "bob", asking=True))
            assert own_chain(bob) == before
            carol = await then.enter_async_context(node(founders, tmp_path / "carol", bob.address, asking=True))
            await until(lambda: own_chain(carol).voucher == bob.mesh.fleet.me.peer)
            assert knows(carol, gone), "by the path that bob showed"
            dave = await then.enter_async_context(node(founders, tmp_path / "dave", carol.address, asking=True))
            await until(lambda: carol.mesh.introductions.refused["USED_UP"] > 0)
            assert not own_chain(dave).signature
            assert [len(each.mesh.fleet.roster.path(carol.mesh.fleet.me.peer)) for each in (bob, carol)] == [3, 3]
