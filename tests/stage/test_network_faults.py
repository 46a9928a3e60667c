"""What peers and the library do to a node, and that it stands it. Each fault fails without its work-around."""

import contextlib
from pathlib import Path

import libp2p.pubsub.gossipsub as gossipsub
import libp2p.pubsub.pubsub as pubsub_module
import pytest
import trio
from libp2p.custom_types import TProtocol
from libp2p.io.abc import Reader
from libp2p.io.exceptions import IncompleteReadError
from libp2p.io.utils import read_exactly
from libp2p.network.exceptions import SwarmException
from libp2p.peer.envelope import seal_record
from libp2p.peer.peer_record import PeerRecord
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.pubsub import Pubsub
from libp2p.utils import encode_varint_prefixed
from multiaddr import Multiaddr

from node.network import Network, NetworkError, Reason, workarounds
from node.network.host import Stack
from node.network.identity import library_id
from node.network.sockets import known_tcp
from tests.stage.network_fleet import (
    PATIENCE,
    Fleet,
    Stranger,
    address_of,
    collect,
    fleet_in,
    linked,
    reaches,
    stranger,
    until,
)

MESHSUB = TProtocol("/meshsub/1.1.0")


def stack_of(network: Network) -> Stack:
    assert network.stack is not None
    return network.stack


async def send_on_pubsub(mallory: Stranger, network: Network, frame: bytes) -> None:
    await mallory.connect(network)
    stream = await mallory.host.new_stream(library_id(network.peer_id), [MESHSUB])
    await stream.write(frame)


def message_with_a_key_of_junk(topic: str) -> bytes:
    message = rpc_pb2.Message(from_id=b"\x12\x20" + bytes(32), seqno=b"1", data=b"x", topicIDs=[topic])
    message.key, message.signature = b"junk", b"junk"
    return rpc_pb2.RPC(publish=[message]).SerializeToString()


GARBAGE = encode_varint_prefixed(b"\xff" * 40)
JUNK_KEY = encode_varint_prefixed(message_with_a_key_of_junk("error-aggregator/1"))


@pytest.mark.parametrize("frame", [GARBAGE, JUNK_KEY], ids=["garbage", "junk key"])
async def test_a_hostile_pubsub_frame_is_a_counter(tmp_path: Path, frame: bytes) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice, bob = await fleet.pair()
        await send_on_pubsub(mallory, alice, frame)
        await until(lambda: any(alice.statistics().rejected.get(what) for what in ("bad stream", "bad message")))
        await reaches(bob, alice)
        assert alice.statistics().rebuilt == 0


@pytest.mark.parametrize(
    ("frame", "without"), [(GARBAGE, "guarded_streams"), (JUNK_KEY, "guarded_messages")], ids=["garbage", "junk key"]
)
async def test_without_its_guard_a_hostile_frame_ends_the_stack_and_the_supervisor_rebuilds_it(
    tmp_path: Path, frame: bytes, without: str
) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice = await fleet.start("alice", without=frozenset({without}))
        bob = await fleet.start("bob", seeds=tuple(alice.addresses))
        await linked(alice, bob)
        before = alice.addresses
        await send_on_pubsub(mallory, alice, frame)
        await until(lambda: alice.statistics().rebuilt == 1)
        await linked(alice, bob)
        await reaches(bob, alice)
        assert alice.addresses == before


async def test_any_exception_in_the_stack_is_survived_and_said(tmp_path: Path) -> None:
    async def explode() -> None:
        raise RuntimeError("forced")

    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        stack_of(alice).swarm.manager.run_task(explode)
        await until(lambda: alice.statistics().rebuilt == 1)
        await linked(alice, bob)
        await reaches(alice, bob)
        assert any("forced" in str(fields) for event, fields in fleet.log.lines if event == "network failed")


async def test_a_service_that_ends_quietly_is_noticed(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        await stack_of(alice).pubsub.get_manager().stop()
        await until(lambda: alice.statistics().rebuilt == 1)
        await linked(alice, bob)


async def visited(visitor: Stranger, network: Network) -> bool:
    """Connect and leave again. Says whether the node noticed."""
    before = network.changes
    try:
        await visitor.connect(network)
    except Exception:  # whatever the library makes of being turned away
        return False
    with trio.move_on_after(PATIENCE):
        await network.wait_change(before)
    noticed = network.changes != before
    await visitor.swarm.close_peer(library_id(network.peer_id))
    return noticed


async def test_three_hundred_visitors_find_the_listener_answering(tmp_path: Path) -> None:
    async with fleet_in(tmp_path, patience=400) as fleet:
        async with trio.open_nursery() as nursery:
            alice = await fleet.start("alice", max_links=8, dials=0)
            limit = trio.CapacityLimiter(6)  # handshakes at once, in the one event loop of all of them
            answered: list[bool] = []

            async def visit(number: int) -> None:
                async with limit, stranger(f"visitor {number}") as visitor:
                    answered.append(await visited(visitor, alice))

            for number in range(300):
                nursery.start_soon(visit, number)
        assert answered == [True] * 300
        await until(lambda: not alice.peers())


async def test_without_returned_slots_the_listener_goes_deaf(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        # One link kept, as many guests, three connections each: six slots.
        alice = await fleet.start("alice", without=frozenset({"inbound_slots"}), max_links=1, dials=0)
        noticed: list[bool] = []
        for number in range(8):
            async with stranger(f"visitor {number}") as visitor:
                noticed.append(await visited(visitor, alice))
                await until(lambda: not alice.peers())
        assert noticed == [True] * 6 + [False] * 2


async def test_one_identity_may_reconnect_often(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice = await fleet.start("alice", dials=0)
        noticed: list[bool] = []
        for _ in range(12):
            noticed.append(await visited(mallory, alice))
            await until(lambda: not alice.peers())
        assert noticed == [True] * 12


@pytest.mark.parametrize(("without", "leaked"), [((), 0), (("no_resource_manager",), 6)], ids=["with", "without"])
async def test_a_refusal_uses_nothing_up(tmp_path: Path, without: tuple[str, ...], leaked: int) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice = await fleet.start("alice", dials=0, without=frozenset(without))
        alice.accept(lambda peer_id: peer_id != mallory.peer_id)
        for _ in range(6):
            with contextlib.suppress(Exception):  # being turned away
                await mallory.connect(alice)
            await until(lambda: not mallory.swarm.get_connections())
        await until(lambda: alice.statistics().rejected.get("connection refused") == 6)
        manager: object = vars(stack_of(alice).swarm)["_resource_manager"]

        def in_use() -> int:
            return vars(manager)["_current_connections"] if manager else 0

        await until(lambda: in_use() == leaked)


async def both_dialled(fleet: Fleet) -> tuple[Network, Network]:
    """Alice and bob with two connections, each opened by another, the first of which then closes."""
    alice = await fleet.start("alice", dials=0, second_for=1000.0)
    bob = await fleet.start("bob", dials=0, second_for=1000.0)
    async with trio.open_nursery() as nursery:
        for one, other in ((alice, bob), (bob, alice)):
            dial = stack_of(one).swarm.dial_addr
            nursery.start_soon(dial, Multiaddr(address_of(other)), library_id(other.peer_id))
    await linked(alice, bob)
    await until(lambda: len(stack_of(alice).swarm.get_connections(library_id(bob.peer_id))) == 2)
    first, _second = stack_of(alice).swarm.get_connections(library_id(bob.peer_id))
    await first.close()
    return alice, bob


async def test_closing_one_of_two_connections_makes_nobody_mute(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await both_dialled(fleet)
        await trio.sleep(0.5)
        await linked(alice, bob)
        await reaches(alice, bob)
        await reaches(bob, alice)
        assert alice.peers()[0].peer_id == bob.peer_id


async def test_without_repeated_subscriptions_one_side_forgets_them_for_good(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(announce_every=1000.0)
        for one, other in ((alice, bob), (bob, alice)):
            stack_of(one).pubsub.peer_topics.clear()
            with trio.move_on_after(1):
                await linked(one, other)
                raise AssertionError("it learned of the subscription again")
    async with fleet_in(tmp_path) as fleet:
        carol = await fleet.start("carol")
        dave = await fleet.start("dave", seeds=tuple(carol.addresses))
        await linked(carol, dave)
        stack_of(carol).pubsub.peer_topics.clear()
        await linked(carol, dave)


async def forget_in_pubsub(network: Network, other: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the peer connected but without pubsub, as a stall during negotiation does."""

    def gone(_peer: object) -> bool:
        return False

    pubsub = stack_of(network).pubsub
    with monkeypatch.context() as patch:
        patch.setattr(pubsub, "_peer_is_connected", gone)
        pubsub._handle_dead_peer(library_id(other.peer_id))  # pyright: ignore[reportPrivateUsage] - the fault itself


async def test_a_connected_peer_outside_pubsub_is_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        await forget_in_pubsub(alice, bob, monkeypatch)
        await until(lambda: not alice.peers()[0].in_pubsub)
        await linked(alice, bob)
        assert alice.statistics().repaired == 1
        await reaches(alice, bob)


async def test_a_peer_that_cannot_be_repaired_is_dialled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(peer_id: object, timeout: float) -> bool:
        return False

    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        since = alice.peers()[0].connected_since
        monkeypatch.setattr(stack_of(alice).pubsub, "ensure_peer_stream", never)
        await forget_in_pubsub(alice, bob, monkeypatch)
        await until(lambda: any(link.connected_since > since for link in alice.peers()))
        await linked(alice, bob)


async def test_without_repair_a_connected_peer_stays_outside_pubsub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(repair_after=1000.0)
        await forget_in_pubsub(alice, bob, monkeypatch)
        with trio.move_on_after(2):
            await until(lambda: not alice.peers()[0].in_pubsub)
            await until(lambda: alice.peers()[0].in_pubsub)
            raise AssertionError("it came back by itself")


@pytest.mark.parametrize(("without", "dials"), [((), False), (("no_auto_connect",), True)], ids=["with", "without"])
async def test_the_library_dials_nobody_by_itself(tmp_path: Path, without: tuple[str, ...], dials: bool) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice", dials=0, without=frozenset(without))
        bob = await fleet.start("bob", dials=0)
        swarm = stack_of(alice).swarm
        swarm.connection_config.low_watermark = swarm.connection_config.min_connections = 2
        swarm.peerstore.add_addrs(library_id(bob.peer_id), [Multiaddr(address_of(bob))], 100)
        for _ in range(300 if dials else 5):  # it may be busy, or let a peer rest
            await swarm.auto_connector.maybe_connect()
            if swarm.get_connections():
                break
            await trio.sleep(0.1)
        assert bool(swarm.get_connections()) is dials


@pytest.mark.parametrize(("without", "dials"), [((), False), (("no_auto_connect",), True)], ids=["with", "without"])
async def test_opening_a_stream_to_a_peer_that_is_gone_does_not_dial_it(
    tmp_path: Path, without: tuple[str, ...], dials: bool
) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice", dials=0, without=frozenset(without))
        bob = await fleet.start("bob", dials=0)
        stack = stack_of(alice)
        stack.swarm.peerstore.add_addrs(library_id(bob.peer_id), [Multiaddr(address_of(bob))], 100)
        with contextlib.suppress(SwarmException):
            await stack.host.new_stream(library_id(bob.peer_id), [MESHSUB])
        assert bool(stack.swarm.get_connections()) is dials


async def test_a_peer_that_comes_back_while_it_is_cut_is_not_lost_sight_of(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice = await fleet.start("alice", dials=0)
        await mallory.connect(alice)
        await until(lambda: bool(alice.peers()))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(alice.disconnect, mallory.peer_id)
            nursery.start_soon(mallory.connect, alice)
        await until(lambda: len(stack_of(alice).swarm.get_connections()) == 1)
        await until(lambda: len(alice.peers()) == 1)
        await alice.disconnect(mallory.peer_id)
        await until(lambda: not alice.peers())
        await until(lambda: not mallory.swarm.get_connections())


async def test_a_message_with_an_older_address_record_is_still_a_message(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice = await fleet.start("alice")
        host = stack_of(alice).host
        key = mallory.host.get_private_key()
        peer_id = library_id(mallory.peer_id)
        where = [Multiaddr("/ip4/127.0.0.1/tcp/1")]
        records = [seal_record(PeerRecord(peer_id, where, seq), key).marshal_envelope() for seq in (1, 2)]
        older, newer = (rpc_pb2.RPC(senderRecord=record) for record in records)
        for module in (pubsub_module, gossipsub):
            consume = vars(module)["maybe_consume_signed_record"]
            assert consume(newer, host, peer_id)
            assert consume(older, host, peer_id)
            assert not consume(rpc_pb2.RPC(senderRecord=b"junk"), host, peer_id)
            assert not consume(newer, host, library_id(alice.peer_id))
        workarounds.cached_records(on=False)
        assert not vars(pubsub_module)["maybe_consume_signed_record"](older, host, peer_id)
        workarounds.cached_records(on=True)


class Pieces(Reader):
    """A connection that delivers 500 bytes at a time."""

    async def read(self, n: int | None = None) -> bytes:
        return bytes(min(n or 500, 500))


async def test_a_frame_in_many_pieces_is_read_whole() -> None:
    workarounds.patient_reads(on=False)
    with pytest.raises(IncompleteReadError):
        await read_exactly(Pieces(), 64 * 1024)
    workarounds.patient_reads(on=True)
    assert len(await read_exactly(Pieces(), 64 * 1024)) == 64 * 1024


@pytest.mark.parametrize(
    ("without", "address"), [((), "/ip4/127.0.0.1/tcp/"), (("private_network_addresses",), "")], ids=["with", "without"]
)
async def test_a_caller_in_the_private_network_has_an_address(
    tmp_path: Path, without: tuple[str, ...], address: str
) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice = await fleet.start("alice", without=frozenset(without))
        await mallory.connect(alice)
        await until(lambda: bool(alice.peers()))
        seen = alice.peers()[0].address
        assert seen.startswith(address) if address else seen == ""


@pytest.mark.parametrize(("without", "kept_out"), [((), True), (("admission",), False)], ids=["with", "without"])
async def test_who_is_not_accepted_does_not_come_in(tmp_path: Path, without: tuple[str, ...], kept_out: bool) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice = await fleet.start("alice", without=frozenset(without))
        alice.accept(lambda peer_id: peer_id != mallory.peer_id)
        before = alice.changes
        await mallory.connect(alice)
        if kept_out:
            await until(lambda: alice.statistics().rejected.get("connection refused") == 1)
            assert alice.changes == before
        else:
            await alice.wait_change(before)
        await until(lambda: not alice.peers())


async def test_who_is_accepted_no_longer_is_cut_and_stays_out(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        alice.accept(lambda peer_id: peer_id != bob.peer_id)
        await until(lambda: not alice.peers())
        await trio.sleep(0.5)
        assert not alice.peers()
        alice.accept(lambda peer_id: True)
        await linked(alice, bob)


async def test_a_peer_that_is_disconnected_is_left_alone_for_a_while(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice", dials=0)
        bob = await fleet.start("bob", seeds=tuple(alice.addresses))
        await linked(alice, bob)
        await bob.disconnect(alice.peer_id)
        await until(lambda: not bob.peers())
        await trio.sleep(1)
        assert not bob.peers()


@pytest.mark.parametrize(("without", "gone"), [((), True), (("close_in_time",), False)], ids=["with", "without"])
async def test_a_peer_that_reads_nothing_any_more_can_be_cut(
    tmp_path: Path, without: tuple[str, ...], gone: bool
) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice", dials=0, without=frozenset(without))
        bob = await fleet.start("bob", seeds=tuple(alice.addresses))
        await linked(alice, bob)
        (transport,) = known_tcp(stack_of(alice).swarm)
        socket = vars(transport)["_open"][-1].stream.socket

        async def blocked(data: bytes) -> None:
            await until(lambda: socket.fileno() == -1, patience=60)

        connection = stack_of(alice).swarm.get_connections()[0]
        vars(connection.muxed_conn)["secured_conn"].write = blocked
        alice.accept(lambda peer_id: False)
        with trio.move_on_after(PATIENCE if gone else 4):
            await until(lambda: not alice.peers())
        assert (not alice.peers()) is gone


async def test_a_name_that_the_library_lost_stops_the_start_with_the_version_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet_in(tmp_path) as fleet:
        monkeypatch.delattr(Pubsub, "push_msg")
        with pytest.raises(NetworkError, match=r"no Pubsub.push_msg; install libp2p==0\.8\.1") as error:
            fleet.make("alice")
        assert error.value.reason is Reason.LIBRARY


async def test_a_burst_of_garbage_connections_leaves_the_listener_well(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice = await fleet.start("alice")
        host, port = "127.0.0.1", int(address_of(alice).rpartition("/")[2])

        async def disturb() -> None:
            connection = await trio.open_tcp_stream(host, port)
            await connection.send_all(b"GET / HTTP/1.1\r\n\r\n" * 20)
            await connection.aclose()

        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(disturb)
        bob = await fleet.start("bob", seeds=tuple(alice.addresses))
        await linked(alice, bob)
        assert alice.statistics().rebuilt == 0
        await alice.publish(b"still here")
        assert await collect(bob, 1) == [b"still here"]
