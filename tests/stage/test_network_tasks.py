"""Tasks and streams of a link: as many after any trouble as before. Each is left behind without its work-around."""

from pathlib import Path

import pytest
import trio

from node.network import Network
from node.network.identity import library_id
from tests.stage.network_fleet import fleet_in, linked, until
from tests.stage.test_network_faults import MESHSUB, forget_in_pubsub, stack_of

BREAKS = 3


def pending(network: Network) -> int:
    """The tasks of pubsub that have not ended."""
    return stack_of(network).pubsub.manager.stats.tasks.pending_count


@pytest.mark.parametrize(("without", "left"), [((), 0), (("no_descent",), 2 * BREAKS)])
async def test_a_stream_that_breaks_on_a_link_that_holds_leaves_no_task(
    tmp_path: Path, without: tuple[str, ...], left: int
) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(without=frozenset(without), announce_every=0.05)
        before, streams, him = pending(alice), stack_of(alice).pubsub.peers, library_id(bob.peer_id)
        for _ in range(BREAKS):
            broken = streams[him]
            await broken.reset()
            await until(lambda broken=broken: streams.get(him, broken) is not broken)
        await until(lambda: pending(alice) == before + left)
        await linked(alice, bob)


@pytest.mark.parametrize(("without", "streams"), [((), 2), (("registered_once",), 3)])
async def test_a_neighbour_that_is_met_twice_at_once_gets_one_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...], streams: int
) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(without=frozenset(without), repair_after=1000.0)
        him = library_id(bob.peer_id)
        await stack_of(alice).pubsub.peers[him].reset()
        await forget_in_pubsub(alice, bob, monkeypatch)
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(stack_of(alice).pubsub.ensure_peer_stream, him)
        (connection,) = stack_of(alice).swarm.get_connections(him)
        await until(lambda: [each.get_protocol() for each in connection.get_streams()].count(MESHSUB) == streams)
