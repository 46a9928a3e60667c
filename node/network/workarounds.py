"""Every use of what libp2p does not promise, in one file: each with the reason, and each alone removable by tests.

The library is pinned to one exact version because of this file. `check_private_names` is called before anything is
built: if another version lacks a name that is relied on here, the node says so and does not start half-protected.
Seven work-arounds change library modules and so hold for the whole process; the rest change one host.
"""

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast
from weakref import WeakKeyDictionary

import libp2p.io.utils as read_utils
import libp2p.network.health.monitor as monitor_module
import libp2p.network.swarm as swarm_module
import libp2p.pubsub.gossipsub as gossipsub
import libp2p.pubsub.pubsub as pubsub_module
import trio
from libp2p.abc import IHost, IMuxedConn, INetConn, INetStream
from libp2p.connection_types import ConnectionType
from libp2p.host.basic_host import BasicHost
from libp2p.io.abc import ReadWriteCloser
from libp2p.network.auto_connector import AutoConnector
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.network.connection.swarm_connection import SwarmConn
from libp2p.network.exceptions import SwarmException
from libp2p.network.health.ping_probe import ConnectionPingResult, ping_connection
from libp2p.network.swarm import Swarm
from libp2p.peer.envelope import consume_envelope
from libp2p.peer.id import ID
from libp2p.peer.peerstore import env_to_send_in_RPC
from libp2p.pubsub.pb import rpc_pb2
from libp2p.pubsub.pubsub import Pubsub
from libp2p.pubsub.rpc_queue import RpcQueue
from libp2p.pubsub.utils import maybe_consume_signed_record
from libp2p.security.pnet.protector import new_protected_conn
from libp2p.security.pnet.psk_conn import PskConn
from libp2p.security.secure_session import SecureSession
from libp2p.stream_muxer.yamux.yamux import YamuxStream
from libp2p.tools.anyio_service.trio_manager import TrioManager
from multiaddr import Multiaddr

from node.network.errors import NetworkError, Reason
from node.network.keyring import protected
from node.network.sockets import close_socket

PINNED = "0.8.1"
QUEUE_MESSAGES = 1024  # per neighbour; the library's 32 loses 968 of a burst of 1,000
CLOSE_SECONDS = 1.0  # for saying goodbye to one peer
READS_PER_FRAME = 2000  # end of file is noticed by using all of them up, so not without bound
RECORD_FRESH_SECONDS = 5.0  # how long our own address record is reused without looking for new addresses
RECORDS_KEPT = 512  # signed records of peers known to be good, per host


class Sink(Protocol):
    """What the guarded library reports to us."""

    def admit(self, peer_id: str) -> str | None: ...  # a reason to refuse the connection, or None
    def arrived(self, forwarder: str) -> None: ...  # a copy of a message came in
    def deliver(self, origin: str, data: bytes) -> None: ...  # a message passed all checks
    def queue_full(self) -> None: ...  # a copy for one neighbour was dropped
    def misbehaved(self, reason: str, detail: str) -> None: ...  # something of a peer's was refused


def check_private_names() -> None:
    """Raise NetworkError, naming the pinned version, if the library lacks something that is used here."""
    queue = getattr(RpcQueue(), "_queue", None)
    needed = {
        "Swarm._do_handle_inbound_connection": hasattr(Swarm, "_do_handle_inbound_connection"),
        "Swarm.dial_peer": hasattr(Swarm, "dial_peer"),
        "Swarm.add_conn": hasattr(Swarm, "add_conn"),
        "Swarm.upgrade_inbound_raw_conn": hasattr(Swarm, "upgrade_inbound_raw_conn"),
        "AutoConnector.maybe_connect": hasattr(AutoConnector, "maybe_connect"),
        "Pubsub.push_msg": hasattr(Pubsub, "push_msg"),
        "Pubsub._handle_new_peer": hasattr(Pubsub, "_handle_new_peer"),
        "Pubsub.notify_subscriptions": hasattr(Pubsub, "notify_subscriptions"),
        "RpcQueue._queue.max_size": hasattr(queue, "max_size"),
        "pubsub.maybe_consume_signed_record": hasattr(pubsub_module, "maybe_consume_signed_record"),
        "pubsub.env_to_send_in_RPC": hasattr(pubsub_module, "env_to_send_in_RPC"),
        "gossipsub.maybe_consume_signed_record": hasattr(gossipsub, "maybe_consume_signed_record"),
        "gossipsub.env_to_send_in_RPC": hasattr(gossipsub, "env_to_send_in_RPC"),
        "swarm.new_protected_conn": hasattr(swarm_module, "new_protected_conn"),
        "YamuxStream._auto_tune_and_send_window_update": hasattr(YamuxStream, "_auto_tune_and_send_window_update"),
        "YamuxStream._grow_threshold": hasattr(YamuxStream, "_grow_threshold"),
        "TrioManager._find_parent_task": hasattr(TrioManager, "_find_parent_task"),
        "monitor.ping_connection": hasattr(monitor_module, "ping_connection"),
        "SecureSession.read": hasattr(SecureSession, "read"),
        "PskConn.read_cipher": "read_cipher" in PskConn.__init__.__code__.co_names,
        "read_exactly(retry_count)": len(getattr(read_utils.read_exactly, "__defaults__", None) or ()) == 1,
    }
    missing = [name for name, there in needed.items() if not there]
    if missing:
        found = importlib.metadata.version("libp2p")
        raise NetworkError(
            Reason.LIBRARY,
            f"libp2p {found} has no {', '.join(missing)}; install libp2p=={PINNED}, the version that is relied on",
        )


class GuardedPubsub(Pubsub):
    """Pubsub whose messages go straight to the sink, and in which a bad message is a counter.

    Messages do not pass the library's subscription channel: it holds 32 and drops the rest.
    """

    sink: Sink
    guard_messages = False
    registering: dict[ID, trio.Lock] | None = None

    async def push_msg(self, msg_forwarder: ID, msg: rpc_pb2.Message) -> None:
        if msg_forwarder != self.my_id:
            self.sink.arrived(str(msg_forwarder))
        if not self.guard_messages:
            return await super().push_msg(msg_forwarder, msg)
        # A key that cannot be parsed, or a validator that raises, would end the whole host.
        try:
            await super().push_msg(msg_forwarder, msg)
        except Exception as error:
            self.sink.misbehaved("bad message", f"from {msg_forwarder}: {error!r}")
        return None

    async def _handle_new_peer(self, peer_id: ID) -> None:
        if self.registering is None:
            return await super()._handle_new_peer(peer_id)
        lock = self.registering.setdefault(peer_id, trio.Lock())
        try:
            async with lock:
                await super()._handle_new_peer(peer_id)
        finally:
            if not lock.locked():
                self.registering.pop(peer_id, None)
        return None

    def notify_subscriptions(self, publish_message: rpc_pb2.Message) -> None:
        origin = ID(publish_message.from_id)
        if origin != self.my_id and any(topic in self.topic_ids for topic in publish_message.topicIDs):
            self.sink.deliver(str(origin), publish_message.data)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is being protected."""

    host: BasicHost
    swarm: Swarm
    pubsub: GuardedPubsub
    sink: Sink


def guarded_messages(parts: Parts) -> None:
    """See `GuardedPubsub.push_msg`: a message whose key cannot be parsed ends the whole host."""
    parts.pubsub.guard_messages = True


def registered_once(parts: Parts) -> None:
    """Whether a neighbour has a stream is looked at before one is opened, which takes a moment: two connections at
    once, or a repair beside a retry, and it has two. The first then belongs to nobody, and both sides hold it for as
    long as there is a link."""
    parts.pubsub.registering = {}


def guarded_streams(parts: Parts) -> None:
    """An exception in any stream handler, and a pubsub frame of garbage, ends the whole host."""
    inner = parts.swarm.common_stream_handler

    async def guarded(stream: INetStream) -> None:
        try:
            await inner(stream)
        except Exception as error:
            parts.sink.misbehaved("bad stream", f"from {stream.muxed_conn.peer_id}: {error!r}")
            await stream.reset()

    parts.swarm.set_stream_handler(guarded)


def fresh_sequence_numbers(parts: Parts) -> None:
    """Numbers start at the time in seconds and grow per message: after a restart peers take new ones for old."""
    parts.pubsub.counter = time.time_ns()


class _WideQueues(dict[ID, RpcQueue]):
    """Widens each neighbour's queue as it is registered, and counts what it drops nevertheless.

    A neighbour with two connections is registered twice. The queue that is replaced has nobody left who closes it, and
    who sends from it would wait for ever: two tasks more with every such meeting.
    """

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def __setitem__(self, peer_id: ID, queue: RpcQueue) -> None:
        cast("Any", queue)._queue.max_size = QUEUE_MESSAGES
        push = queue.push

        def counted(rpc: rpc_pb2.RPC, priority: bool = False) -> bool:
            taken = push(rpc, priority)
            if not taken:
                self._sink.queue_full()
            return taken

        queue.push = counted
        replaced = self.get(peer_id)
        super().__setitem__(peer_id, queue)
        if replaced is not None and replaced is not queue:
            replaced.close()


def wide_queues(parts: Parts) -> None:
    """The queue per neighbour holds 32 messages and drops the rest without a word; one that is replaced stays open."""
    parts.pubsub.peer_queues = _WideQueues(parts.sink)


def no_resource_manager(parts: Parts) -> None:
    """Its counters leak with every refusal: a peer that reconnects eight times in half a minute stays locked out."""
    # The parameter's type does not say so, but None is the documented "off".
    parts.swarm.set_resource_manager(None)


def no_auto_connect(parts: Parts) -> None:
    """The library dials every peer it heard of, up to 200, on its own, and whoever is gone when a stream to it is
    opened: in the end a full mesh. The overlay is ours."""

    async def never() -> None: ...

    async def not_connected(peer_id: ID) -> list[INetConn]:
        raise SwarmException(f"not connected to {peer_id}")

    cast("Any", parts.swarm.auto_connector).maybe_connect = never
    cast("Any", parts.swarm).dial_peer = not_connected


def inbound_slots(parts: Parts) -> None:
    """An inbound slot is returned when the swarm ends, not the connection: in the end the listener is deaf."""
    swarm = parts.swarm

    async def until_closed(incoming: ReadWriteCloser, listener: Multiaddr, _event: object) -> None:
        raw = RawConnection(incoming, False)
        try:
            muxed = await swarm.upgrade_inbound_raw_conn(raw, listener)
        except Exception as error:
            parts.sink.misbehaved("handshake failed", repr(error))
            await raw.close()
            return
        await cast("Any", muxed).event_closed.wait()

    cast("Any", swarm)._do_handle_inbound_connection = until_closed


def admission(parts: Parts) -> None:
    """The library's gate knows only IP addresses: ask about the peer, before pubsub hears of it."""
    swarm, add = parts.swarm, parts.swarm.add_conn

    async def admitted(muxed_conn: IMuxedConn, direction: str = "unknown") -> SwarmConn:
        if reason := parts.sink.admit(str(muxed_conn.peer_id)):
            parts.sink.misbehaved("connection refused", f"{muxed_conn.peer_id}: {reason}")
            await muxed_conn.close()
            raise SwarmException(f"connection refused: {reason}")
        return await add(muxed_conn, direction)

    cast("Any", swarm).add_conn = admitted


def close_in_time(parts: Parts) -> None:
    """Closing says goodbye first, and waits for ever if a frozen peer reads nothing any more; whoever closes hangs
    with it, such as the task that looks after all connections."""
    swarm, add = parts.swarm, parts.swarm.add_conn

    async def added(muxed_conn: IMuxedConn, direction: str = "unknown") -> SwarmConn:
        close = muxed_conn.close

        async def in_time(*reason: int) -> None:
            with trio.move_on_after(CLOSE_SECONDS) as scope:
                await cast("Any", close)(*reason)
            if scope.cancelled_caught:
                close_socket(swarm, cast("Any", muxed_conn).get_remote_address())

        cast("Any", muxed_conn).close = in_time
        return await add(muxed_conn, direction)

    cast("Any", swarm).add_conn = added


@dataclass(slots=True)
class _Records:
    good: dict[ID, bytes] = field(default_factory=dict[ID, bytes])
    own: bytes = b""
    own_of: object = None
    own_until: float = 0.0


_records: WeakKeyDictionary[IHost, _Records] = WeakKeyDictionary()


def _consume_cached(msg: rpc_pb2.RPC, host: IHost, peer_id: ID) -> bool:
    if not msg.HasField("senderRecord"):
        return True
    good = _records.setdefault(host, _Records()).good
    if good.get(peer_id) == msg.senderRecord:
        return True
    try:
        envelope, record = consume_envelope(msg.senderRecord, "libp2p-peer-record")
        if record.peer_id != peer_id:
            return False
        # False only says "older than the one I know", which is no reason to drop the message beside it.
        host.get_peerstore().consume_peer_record(envelope, 7200)
    except Exception:
        return False
    if len(good) >= RECORDS_KEPT:
        good.clear()
    good[peer_id] = msg.senderRecord
    return True


def _send_cached(host: IHost) -> tuple[bytes, bool]:
    records = _records.setdefault(host, _Records())
    if records.own_of is not host.get_peerstore().get_local_record() or time.monotonic() > records.own_until:
        records.own, _ = env_to_send_in_RPC(host)
        records.own_of = host.get_peerstore().get_local_record()
        records.own_until = time.monotonic() + RECORD_FRESH_SECONDS
    return records.own, False


def cached_records(on: bool) -> None:
    """Each message carries a signed address record: a third of the cost of pubsub, and one that is older than
    another (a clock that was set back) silently takes the whole message with it."""
    for module in (cast("Any", pubsub_module), cast("Any", gossipsub)):
        module.maybe_consume_signed_record = _consume_cached if on else maybe_consume_signed_record
        module.env_to_send_in_RPC = _send_cached if on else env_to_send_in_RPC


_reads = read_utils.read_exactly.__defaults__


def patient_reads(on: bool) -> None:
    """A frame that arrives in more than 101 pieces is taken for a broken connection."""
    read_utils.read_exactly.__defaults__ = (READS_PER_FRAME,) if on else _reads


def private_network_addresses(on: bool) -> None:
    """A connection inside a private network forgets to set up what its address is asked of: an error for each."""
    for name, value in (("_actual_addresses", None), ("_connection_type", ConnectionType.DIRECT)):
        if on:
            setattr(PskConn, name, value)
        elif name in vars(PskConn):
            delattr(PskConn, name)


def several_network_keys(on: bool) -> None:
    """A host has one network key for good: exchanging it would cut the fleet in two. See `keyring.py`."""
    cast("Any", swarm_module).new_protected_conn = protected if on else new_protected_conn


_give_credit = YamuxStream._auto_tune_and_send_window_update  # pyright: ignore[reportPrivateUsage]  # named above


async def _give_credit_in_bulk(stream: YamuxStream, *, bytes_read: int = 0) -> None:
    inner = cast("Any", stream)
    buffered = len(inner.conn.stream_buffers.get(inner.stream_id, b""))
    owed = max(inner.target_recv_window - inner.recv_window - buffered, inner._pending_recv_release + bytes_read)
    if bytes_read and owed < inner._grow_threshold():
        inner._pending_recv_release += bytes_read
    else:
        await _give_credit(stream, bytes_read=bytes_read)


def credit_in_bulk(on: bool) -> None:
    """Every read, be it of four bytes, is answered with a frame that gives them back to the sender's window: half of
    all frames. Half a window at a time is soon enough."""
    cast("Any", YamuxStream)._auto_tune_and_send_window_update = _give_credit_in_bulk if on else _give_credit


_parent_of = TrioManager._find_parent_task  # pyright: ignore[reportPrivateUsage]  # named above


def _no_parent(_manager: TrioManager, _task: trio.lowlevel.Task) -> None:
    return None


def no_descent(on: bool) -> None:
    """A task of the library ends only when every task that it started has ended. Where one sends to a neighbour and its
    stream breaks while another connection holds, it starts its successor: two tasks more each time, for as long as
    there
    is a link. Whom a task was started by is also looked for among all tasks, for every message."""
    cast("Any", TrioManager)._find_parent_task = _no_parent if on else _parent_of


_read = SecureSession.read


async def _noted_read(session: SecureSession, n: int | None = None) -> bytes:
    data = await _read(session, n)
    cast("Any", session).heard_at = trio.current_time()
    return data


async def _ping_silent(conn: INetConn, *, ping_timeout: float, **settings: Any) -> ConnectionPingResult:
    session: object = getattr(conn.muxed_conn, "secured_conn", None)
    if trio.current_time() - getattr(session, "heard_at", float("-inf")) < ping_timeout / 2:
        return ConnectionPingResult(success=True, skipped=True)
    return await ping_connection(conn, ping_timeout=ping_timeout, **settings)


def silence_pinged(on: bool) -> None:
    """Every connection is pinged, each time over a stream of its own that is negotiated and closed: half of what a node
    costs at rest. What has just been heard from needs no proof that it lives."""
    cast("Any", SecureSession).read = _noted_read if on else _read
    cast("Any", monitor_module).ping_connection = _ping_silent if on else ping_connection


OF_ONE_HOST: dict[str, Callable[[Parts], None]] = {
    work.__name__: work
    for work in (
        guarded_messages,
        registered_once,
        guarded_streams,
        fresh_sequence_numbers,
        wide_queues,
        no_resource_manager,
        no_auto_connect,
        inbound_slots,
        admission,
        close_in_time,
    )
}
OF_THE_PROCESS: dict[str, Callable[[bool], None]] = {
    work.__name__: work
    for work in (
        cached_records,
        patient_reads,
        private_network_addresses,
        several_network_keys,
        credit_in_bulk,
        no_descent,
        silence_pinged,
    )
}


def apply(parts: Parts, without: frozenset[str] = frozenset()) -> None:
    """Protect a host that was just built and runs nothing yet. `without` leaves some out, for tests."""
    for name, switch in OF_THE_PROCESS.items():
        switch(name not in without)
    for name, work in OF_ONE_HOST.items():
        if name not in without:
            work(parts)
