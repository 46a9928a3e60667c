"""A peer in another language, written from docs/protocol.md, among real nodes: counts are exact on all sides."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
import trio

from aggregator.book import Fact, FactKey, Standing
from aggregator.questions import FAR
from node.clock import SystemClock
from node.identity import from_seed
from tests.fleet.javascript import JavascriptPeer, commands, examples, install, javascript_peer
from tests.pure.factories import name, seen
from tests.pure.test_protocol import written
from tests.stage.meshes import LENGTH, Founders, MeshNode, node

PATIENCE = 300.0  # seconds for all of it: it takes about ten
SEED = bytes(range(32))
ME = from_seed(SEED).peer
OLD = {name(n): n for n in range(2, 152)}  # three pages


@pytest.fixture(scope="module")
def nodejs() -> list[str]:
    """How to call Node.js, with the peer's packages in place."""
    run, npm = commands()
    install(npm)
    return run


def test_the_examples_on_the_page_are_what_another_language_makes(nodejs: list[str]) -> None:
    assert examples(nodejs, written()) == written()


def told(founders: Founders, dial: str) -> dict[str, object]:
    """What the peer is given: an invitation, not a membership."""
    return {
        "seed": SEED.hex(),
        "fleet": founders.fleet.hex(),
        "length": LENGTH,
        "invitation": msgspec.msgpack.encode(founders.invitation).hex(),
        "invitation_seed": founders.invitation_key.private_bytes_raw().hex(),
        "dial": dial,
    }


def tally(number: int, count: int) -> list[object]:
    """A tally as the protocol has it; the peer only signs and sends it."""
    return [name(number), count, 1000, 1000.5, 1, name(number), f"ValueError: number {number}", "0" * 16]


def counts(some: MeshNode) -> dict[str, int]:
    return {s: some.counting.ledger.count(s) for s in some.counting.ledger.signatures()}


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something in this process that no event tells."""
    while not condition():  # noqa: ASYNC110
        await trio.sleep(0.05)


async def equal(peer: JavascriptPeer, some: MeshNode, expected: dict[str, int]) -> None:
    """Until both have exactly these counts, pages and entries of the book."""
    await until(lambda: counts(some) == expected)
    await peer.wait_for(lambda: peer.state["counts"] == expected, PATIENCE)
    total = some.mesh.fleet.digest.total(0, FAR).to_bytes(32).hex()
    assert peer.state["sum"] == total
    root = some.keeper.book.sums.root().hex()
    await peer.wait_for(lambda: peer.state["book"] == root, PATIENCE)


async def test_pages_and_the_book_go_both_ways_by_gossip_and_by_sync(nodejs: list[str], tmp_path: Path) -> None:
    founders = Founders()
    with trio.fail_after(PATIENCE):
        async with AsyncExitStack() as stack:
            async with node(founders, tmp_path / "alice", without_key=True) as alice:
                await alice.counting.count([seen(n, n) for n in OLD.values()], {}, [])
            alice = await stack.enter_async_context(node(founders, tmp_path / "alice", without_key=True))
            bob = await stack.enter_async_context(node(founders, tmp_path / "bob", alice.address, without_key=True))
            await bob.counting.count([seen(200, 20)], {}, [])
            expected = {**OLD, name(200): 20}
            await until(lambda: counts(alice) == counts(bob) == expected)
            peer = await stack.enter_async_context(javascript_peer(nodejs, **told(founders, alice.address)))

            # What is told before both know what the other listens to is told to nobody.
            await until(lambda: alice.mesh.fleet.peers.state(ME, SystemClock().elapsed()) == "here")
            await peer.wait_for(lambda: peer.state["came"]["messages"] > 0, PATIENCE)

            # By gossip alone: what is new, but nothing of what alice counted before she was restarted.
            await peer.command(tell=[tally(500, 7), tally(1, 5)], number=0, sequence=1)
            await alice.counting.count([seen(600, 3)], {}, [])
            expected |= {name(500): 7, name(1): 5, name(600): 3}
            await until(lambda: counts(alice) == counts(bob) == expected)
            await peer.wait_for(lambda: peer.state["counts"].get(name(600)) == 3, PATIENCE)
            assert peer.state["came"]["sync"] == 0
            assert name(2) not in peer.state["counts"]
            assert alice.mesh.fleet.why_not(ME) is None

            # By sync: what was there before, and what was never gossiped.
            await peer.command(keep=[tally(501, 11)], number=1, sequence=1)
            await peer.command(sync=True)
            expected |= {name(501): 11}
            await equal(peer, alice, expected)
            assert peer.state["came"]["sync"] > 0
            assert bob.mesh.fleet.me.peer in peer.state["members"]

            # A later version replaces, an operator's ruling and a fact arrive.
            await peer.command(tell=[tally(500, 9), tally(1, 5)], number=0, sequence=2)
            await alice.keeper.rule("mute", name(2), {"until": "rate", "count": 3})
            await bob.keeper.note(FactKey("acme/app", name(1)), Fact(Standing.FILED, 1785758460.0, 7))
            expected |= {name(500): 9}
            await peer.wait_for(lambda: peer.state["rulings"] == [name(2)], PATIENCE)
            await until(lambda: counts(bob) == expected and bob.keeper.book.value("mute", name(2)) is not None)
            await equal(peer, alice, expected)

            assert peer.state["refused"].keys() <= {"stranger"}  # bob spoke before his chain had come
            assert (alice.mesh.intake.refused, alice.mesh.introductions.refused) == ({}, {})
            assert alice.mesh.sync.counts["nonsense"] == alice.mesh.sync.counts["malformed"] == 0
