"""Messages to all: what arrives, what is dropped and counted, and what a restart does to it."""

from pathlib import Path

import pytest
import trio
from libp2p.pubsub.rpc_queue import RpcQueue

from node.network import MAX_MESSAGE, Network, NetworkError, Reason
from node.network.identity import library_id
from tests.stage.network_fleet import PATIENCE, collect, fleet_in, id_of, linked, reaches, until


def numbered(count: int) -> list[bytes]:
    return [f"{number} ".encode().ljust(200, b".") for number in range(count)]


async def publish_all(network: Network, messages: list[bytes]) -> None:
    for message in messages:
        await network.publish(message)


async def test_a_burst_of_a_thousand_each_way_arrives_whole(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(message_buffer=2000)
        sent = numbered(1000)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(publish_all, alice, sent)
            nursery.start_soon(publish_all, bob, sent)
        assert sorted(await collect(alice, 1000)) == sorted(sent)
        assert sorted(await collect(bob, 1000)) == sorted(sent)
        assert alice.statistics().dropped == 0


async def test_without_wide_queues_most_of_a_burst_is_lost(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(without=frozenset({"wide_queues"}), message_buffer=2000)
        await publish_all(alice, numbered(1000))
        assert len(await collect(bob, 1000, patience=2)) < 1000


async def test_a_slow_reader_loses_messages_and_they_are_counted(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(message_buffer=10)
        await publish_all(alice, numbered(50))
        await collect(bob, 1)
        await until(lambda: bob.statistics().received == 50)
        statistics = bob.statistics()
        assert statistics.delivered + statistics.overflowed == 50
        assert statistics.overflowed >= 39
        assert statistics.messages_waiting <= 10


async def test_own_messages_do_not_come_back(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        await alice.publish(b"from alice")
        await bob.publish(b"from bob")
        assert await collect(alice, 1) == [b"from bob"]
        assert await collect(bob, 1) == [b"from alice"]
        assert await collect(alice, 1, patience=0.5) == await collect(bob, 1, patience=0.5) == []


async def test_a_message_comes_with_the_id_of_its_origin_over_a_relay(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        bob = await fleet.start("bob", dials=0)
        alice = await fleet.start("alice", seeds=tuple(bob.addresses), dials=1)
        carol = await fleet.start("carol", seeds=tuple(bob.addresses), dials=1)
        carol.accept(lambda peer_id: peer_id != alice.peer_id)
        await linked(alice, bob)
        await linked(carol, bob)
        await alice.publish(b"by way of bob")
        with trio.fail_after(PATIENCE):
            assert await carol.messages.receive() == (alice.peer_id, b"by way of bob")


async def test_what_is_too_large_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        with pytest.raises(NetworkError) as refused:
            await alice.publish(bytes(MAX_MESSAGE + 1))
        assert refused.value.reason is Reason.TOO_LARGE
        await alice.publish(bytes(MAX_MESSAGE))
        assert await collect(bob, 1) == [bytes(MAX_MESSAGE)]


async def test_a_rejected_message_is_neither_delivered_nor_passed_on(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        bob.set_validator(lambda origin, data: origin == alice.peer_id and data != b"bad")
        await alice.publish(b"bad")
        await alice.publish(b"good")
        assert await collect(bob, 1) == [b"good"]
        await until(lambda: bob.statistics().rejected.get("message invalid") == 1)


async def test_a_validator_that_raises_rejects_and_harms_nothing(tmp_path: Path) -> None:
    def broken(origin: str, data: bytes) -> bool:
        raise RuntimeError(data)

    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        bob.set_validator(broken)
        await alice.publish(b"one")
        await until(lambda: bob.statistics().rejected.get("message invalid") == 1)
        bob.set_validator(lambda origin, data: True)
        await alice.publish(b"two")
        assert await collect(bob, 1) == [b"two"]
        assert bob.statistics().rebuilt == 0


async def restart_and_count(directory: Path, without: frozenset[str], patience: float = PATIENCE) -> int:
    """How many of 50 messages arrive that alice sends right after a restart, having sent 100 right before."""
    async with fleet_in(directory) as fleet:
        bob = await fleet.start("bob")
        seeds = tuple(bob.addresses)
        alice = await fleet.start("alice", seeds=seeds, without=without)
        await linked(alice, bob)
        await publish_all(alice, numbered(100))
        assert len(await collect(bob, 100)) == 100
        await fleet.stop(alice)
        again = await fleet.start("alice", seeds=seeds, without=without)
        await linked(again, bob)
        after = [b"after " + message for message in numbered(50)]
        await publish_all(again, after)
        return len(await collect(bob, 50, patience))


async def test_after_a_restart_with_the_same_identity_everything_arrives(tmp_path: Path) -> None:
    assert await restart_and_count(tmp_path, frozenset()) == 50


async def test_without_fresh_sequence_numbers_a_restarted_node_is_not_heard(tmp_path: Path) -> None:
    assert await restart_and_count(tmp_path, frozenset({"fresh_sequence_numbers"}), patience=3) < 50


async def test_publishing_while_the_stack_is_down_drops_and_counts(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        lonely = fleet.make("alice", publish_deadline=0.1)
        await lonely.publish(b"nobody hears")
        assert lonely.statistics().dropped == 1
        assert lonely.statistics().published == 0


async def test_messages_flow_both_ways_after_a_moment(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        await reaches(alice, bob)
        await reaches(bob, alice)


@pytest.mark.parametrize("without", [frozenset[str](), frozenset({"wide_queues"})])
async def test_a_neighbour_that_is_registered_twice_leaves_no_queue_that_nobody_closes(
    tmp_path: Path, without: frozenset[str]
) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice", without=without)
        assert alice.stack
        first, second = RpcQueue(), RpcQueue()
        for queue in (first, second):
            alice.stack.pubsub.peer_queues[library_id(id_of("bob"))] = queue
        assert first.closed == (not without)  # open, it would be waited at for ever
        assert not second.closed
