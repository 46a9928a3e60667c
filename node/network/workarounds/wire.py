"""Frames, keys, credit, tasks and pings: for the whole process."""

from typing import Any, cast

import libp2p.io.utils as read_utils
import libp2p.network.health.monitor as monitor_module
import libp2p.network.swarm as swarm_module
import trio
from libp2p.abc import INetConn
from libp2p.connection_types import ConnectionType
from libp2p.network.health.ping_probe import ConnectionPingResult, ping_connection
from libp2p.security.pnet.protector import new_protected_conn
from libp2p.security.pnet.psk_conn import PskConn
from libp2p.security.secure_session import SecureSession
from libp2p.stream_muxer.yamux.yamux import YamuxStream
from libp2p.tools.anyio_service.trio_manager import TrioManager

from node.network.keyring import protected

READS_PER_FRAME = 2000  # end of file is noticed by using all of them up, so not without bound


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


_give_credit = YamuxStream._auto_tune_and_send_window_update  # pyright: ignore[reportPrivateUsage]  # in names.py


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


_parent_of = TrioManager._find_parent_task  # pyright: ignore[reportPrivateUsage]  # in names.py


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
