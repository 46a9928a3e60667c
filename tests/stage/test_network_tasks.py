"""Tasks and streams of a link: as many after any trouble as before. Each is left behind without its work-around."""

from pathlib import Path

import pytest
import trio
from multiaddr import Multiaddr

from node.network import Network
from node.network.identity import library_id
from tests.stage.network_fleet import Fleet, address_of, fleet_in, linked, reaches, until
from tests.stage.test_network_faults import MESHSUB, forget_in_pubsub, stack_of

BREAKS = 3


async def met_twice(fleet: Fleet, second_for: float) -> tuple[Network, Network]:
    """Alice and bob, each of whom has dialled the other."""
    alice = await fleet.start("alice", dials=1, second_for=second_for)
    bob = await fleet.start("bob", dials=1, second_for=second_for)
    for one, other in ((alice, bob), (bob, alice)):
        await stack_of(one).swarm.dial_addr(Multiaddr(address_of(other)), library_id(other.peer_id))
    return alice, bob


def connections(network: Network, other: Network) -> int:
    return len(stack_of(network).swarm.get_connections(library_id(other.peer_id)))


def pending(network: Network) -> int:
    """The tasks of pubsub that have not ended."""
    return stack_of(network).pubsub.manager.stats.tasks.pending_count


async def at_rest(network: Network) -> int:
    """The same, once those have ended that the beginning of a link takes."""
    found = pending(network)
    for _ in range(20):
        await trio.sleep(0.02)
        if pending(network) != found:
            return await at_rest(network)
    return found


@pytest.mark.parametrize(("without", "left"), [((), 0), (("no_descent",), 2 * BREAKS)])
async def test_a_stream_that_breaks_on_a_link_that_holds_leaves_no_task(
    tmp_path: Path, without: tuple[str, ...], left: int
) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(without=frozenset(without), announce_every=0.05)
        before, streams, him = await at_rest(alice), stack_of(alice).pubsub.peers, library_id(bob.peer_id)
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


async def test_of_two_connections_one_is_closed_and_the_link_holds(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await met_twice(fleet, second_for=1.0)
        await until(lambda: fleet.log.said("second connection closed"))
        await until(lambda: connections(alice, bob) == connections(bob, alice) == 1)
        await linked(alice, bob)
        await reaches(alice, bob)
        await reaches(bob, alice)
        assert not fleet.log.said("link down")


@pytest.mark.parametrize(("one", "two"), [("alice", "bob"), ("bob", "alice")], ids=["lower id", "higher id"])
async def test_two_machines_with_one_key_are_served_in_turn(tmp_path: Path, one: str, two: str) -> None:
    """Each of them hears; without turns the second never would."""
    async with fleet_in(tmp_path) as fleet:
        hub = await fleet.start(one, dials=0, second_for=0.5)
        first = await fleet.start(two, seeds=tuple(hub.addresses), dials=1)
        await linked(hub, first)
        (tmp_path / "copy").mkdir()
        other = await Fleet(fleet.nursery, tmp_path / "copy").start(two, seeds=tuple(hub.addresses), dials=1)
        for _ in range(2):
            await reaches(hub, other)
            await reaches(hub, first)
