"""Networks in processes of their own, which are killed, stopped and stalled."""

import signal
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.fleet.network_process import NodeProcess, each_reaches_the_other, processes

CONVERGENCE = 90.0  # seconds; far more than a loaded machine was seen to need
PATIENCE = 6 * CONVERGENCE  # for a whole test


def address_of(node: NodeProcess) -> str:
    return node.addresses[0].partition("/p2p/")[0]


async def test_a_node_killed_while_it_talks_is_heard_again_under_the_same_identity(tmp_path: Path) -> None:
    async with processes(tmp_path, patience=PATIENCE) as fleet:
        alice = await fleet.start("alice", seeds=[])
        bob = await fleet.start("bob", seeds=alice.addresses)
        carol = await fleet.start("carol", seeds=alice.addresses)
        for other in (alice, carol):
            await each_reaches_the_other(bob, other, CONVERGENCE)
        # Far more than one message a second, so that the numbers of its former life run ahead of the clock.
        await bob.publish("before", 300)
        for other in (alice, carol):
            await other.wait_for(lambda one=other: len(one.heard("before")) == 300, CONVERGENCE)
        where = address_of(bob)
        await fleet.kill(bob)
        again = await fleet.start("bob", seeds=[], listen=where)
        for other in (alice, carol):
            await each_reaches_the_other(again, other, CONVERGENCE)
        await again.publish("after", 100)
        for other in (alice, carol):
            await other.wait_for(lambda one=other: len(one.heard("after")) == 100, CONVERGENCE)


@pytest.mark.parametrize("stall", [6.5, pytest.param(14.0, marks=pytest.mark.slow)])
async def test_a_node_that_stands_still_while_it_is_connected_comes_back(tmp_path: Path, stall: float) -> None:
    async with processes(tmp_path, patience=PATIENCE) as fleet:
        bob = await fleet.start("bob", seeds=[], stall_on_link=stall)
        alice = await fleet.start("alice", seeds=bob.addresses)
        await trio.sleep(stall)
        await each_reaches_the_other(alice, bob, CONVERGENCE)


async def test_a_frozen_node_is_missed_and_found_again(tmp_path: Path) -> None:
    async with processes(tmp_path, patience=PATIENCE) as fleet:
        options: dict[str, Any] = {"ping_every": 1.0, "ping_deadline": 2.0}
        alice = await fleet.start("alice", seeds=[], **options)
        bob = await fleet.start("bob", seeds=alice.addresses, **options)
        await each_reaches_the_other(alice, bob, CONVERGENCE)
        bob.signal(signal.SIGSTOP)
        await alice.wait_for(lambda: bob.peer_id not in alice.links(), CONVERGENCE)
        bob.signal(signal.SIGCONT)
        await each_reaches_the_other(alice, bob, CONVERGENCE)
