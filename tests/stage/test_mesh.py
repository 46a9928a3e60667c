"""Nodes over real libp2p: counts become equal and exact, strangers have no effect, the late catch up."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import trio

from aggregator.book import Fact, FactKey, Standing
from tests.pure.factories import name, seen
from tests.stage.meshes import Founders, MeshNode, node

DEADLINE = 120.0  # seconds: far above what it takes, so that a slow machine does not fail


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that no event tells."""
    with trio.fail_after(DEADLINE):
        while not condition():  # noqa: ASYNC110
            await trio.sleep(0.05)


def counts(some: MeshNode) -> dict[str, int]:
    return {s: some.counting.ledger.count(s) for s in some.counting.ledger.signatures()}


async def test_three_nodes_show_the_same_counts(tmp_path: Path) -> None:
    founders = Founders()
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(node(founders, tmp_path / "alice"))
        bob = await stack.enter_async_context(node(founders, tmp_path / "bob", alice.address))
        carol = await stack.enter_async_context(node(founders, tmp_path / "carol", bob.address))
        for each in (alice, bob, carol):
            await each.counting.count([seen(n, 10) for n in range(1, 4)], {}, [])
        expected = {name(n): 30 for n in range(1, 4)}
        for each in (alice, bob, carol):
            await until(lambda each=each: counts(each) == expected)


async def test_a_late_node_catches_up_and_the_book_travels(tmp_path: Path) -> None:
    founders = Founders()
    key = FactKey("acme/app", name(1))
    async with node(founders, tmp_path / "alice") as alice:
        await alice.counting.count([seen(n, n) for n in range(1, 200)], {}, [])
        await alice.keeper.note(key, Fact(Standing.FILED, 1.0, 7))
        await alice.keeper.rule("mute", name(2), {"until": "forever"})
        async with node(founders, tmp_path / "bob", alice.address) as bob:
            await until(lambda: counts(bob) == counts(alice))
            await until(lambda: bob.keeper.book.fact(key) == Fact(Standing.FILED, 1.0, 7))
            await until(lambda: bob.keeper.book.value("mute", name(2)) is not None)
            await until(lambda: bob.mesh.election.settled)


async def test_one_without_membership_has_no_effect(tmp_path: Path) -> None:
    founders, strangers = Founders(), Founders()
    async with (
        node(founders, tmp_path / "alice") as alice,
        node(strangers, tmp_path / "mallory", alice.address, psk=founders.network_key.psk) as mallory,
    ):
        await mallory.counting.count([seen(1, 1000)], {}, [])
        await until(lambda: alice.mesh.introductions.refused["OTHER_FLEET"] > 0)
        await until(lambda: mallory.mesh.gossip.sent > 0)
        assert counts(alice) == {}
        assert counts(mallory) == {name(1): 1000}


async def test_who_comes_back_after_its_database_was_lost_gets_its_own_counts_back(tmp_path: Path) -> None:
    founders = Founders()
    async with node(founders, tmp_path / "alice") as alice:
        async with node(founders, tmp_path / "bob", alice.address) as bob:
            await bob.counting.count([seen(1, 5)], {}, [])
            await until(lambda: counts(alice) == {name(1): 5})
        for path in (tmp_path / "bob").glob("*.db*"):
            path.unlink()
        async with node(founders, tmp_path / "bob", alice.address) as bob:
            await bob.counting.count([seen(1, 2)], {}, [])
            await until(lambda: counts(alice) == counts(bob) == {name(1): 7})
