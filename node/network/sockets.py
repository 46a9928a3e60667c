"""TCP as the library does it, but every socket is known, so that none outlives its stack.

A connection that the library was just closing when it was cancelled keeps its socket open for good. The stack closes
what is left when its services have ended.
"""

from libp2p.abc import IRawConnection
from libp2p.custom_types import THandler
from libp2p.io.abc import ReadWriteCloser
from libp2p.io.trio import TrioTCPStream
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.network.swarm import Swarm
from libp2p.transport.tcp.tcp import TCP, TCPListener
from multiaddr import Multiaddr


class KnownTcp(TCP):
    """Remembers its sockets. Bounded by what is open: closed ones are forgotten with each new one."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[TrioTCPStream] = []

    async def dial(self, maddr: Multiaddr) -> IRawConnection:
        connection = await super().dial(maddr)
        if isinstance(connection, RawConnection):
            self._remember(connection.stream)
        return connection

    def create_listener(self, handler_function: THandler) -> TCPListener:
        async def remembered(stream: ReadWriteCloser) -> None:
            self._remember(stream)
            await handler_function(stream)

        return super().create_listener(remembered)

    def close_now(self) -> None:
        """Close every socket that is still open, without waiting for anything."""
        for stream in self._open:
            stream.stream.socket.close()
        self._open.clear()

    def close_at(self, remote: tuple[str, int]) -> None:
        """Close the sockets to one remote address."""
        for stream in self._open:
            if stream.get_remote_address() == remote:
                stream.stream.socket.close()

    def _remember(self, stream: ReadWriteCloser) -> None:
        if isinstance(stream, TrioTCPStream):
            self._open = [known for known in self._open if known.stream.socket.fileno() != -1]
            self._open.append(stream)


def known_tcp(swarm: Swarm) -> list[KnownTcp]:
    return [one for one in swarm.transport_manager.get_transports() if isinstance(one, KnownTcp)]


def close_socket(swarm: Swarm, remote: tuple[str, int] | None) -> None:
    """Close what leads to `remote`, without a goodbye."""
    for transport in known_tcp(swarm):
        if remote is not None:
            transport.close_at(remote)
