"""Of one host's connections: who may connect, who is dialled, what becomes of slots, streams and goodbyes."""

from typing import Any, cast

import trio
from libp2p.abc import IMuxedConn, INetConn, INetStream
from libp2p.io.abc import ReadWriteCloser
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.network.connection.swarm_connection import SwarmConn
from libp2p.network.exceptions import SwarmException
from libp2p.peer.id import ID
from multiaddr import Multiaddr

from node.network.sockets import close_socket
from node.network.workarounds.parts import Parts

CLOSE_SECONDS = 1.0  # for saying goodbye to one peer


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
