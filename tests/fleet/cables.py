"""The cables between the nodes of a fleet, which can be cut: every node is reached through a relay in the test.

Who dials is seen from the socket at the other end of the connection (`/proc/net/tcp`, `/proc/PID/fd`), so the nodes
themselves are as they are shipped. A cut is a silent one, as when a cable is pulled: what is connected stays so and
nothing comes through, whoever dials gets no answer. Healing ends what was cut; the nodes dial anew.
"""

import os
import socket
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import trio

HOST = "127.0.0.1"
CHUNK = 65_536  # bytes


@dataclass
class _Connection:
    dialler: str | None
    target: str
    cut: bool = False
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)


class Cables:
    """`processes`: the process of each node that runs, by name."""

    def __init__(self, nursery: trio.Nursery, processes: Callable[[], Mapping[str, int]]) -> None:
        self._nursery, self._processes = nursery, processes
        self._connections: list[_Connection] = []
        self._sides: list[frozenset[str]] = []
        self._deaf: set[tuple[str, str]] = set()  # (who hears nothing, of whom)
        self.delay = 0.0  # seconds that each piece takes, at most one at a time on its way

    async def lay(self, target: str, public: int, inner: int) -> None:
        """Relay what comes to port `public` to port `inner`, where `target` listens."""
        (listener,) = await trio.open_tcp_listeners(public, host=HOST)

        async def relay(stream: trio.SocketStream) -> None:
            await self._relay(stream, target, inner)

        self._nursery.start_soon(trio.serve_listeners, relay, [listener])

    def cut(self, *sides: Collection[str]) -> None:
        """Nothing passes any more between these sides; within each all goes on."""
        self._sides = [frozenset(side) for side in sides]
        for each in self._connections:
            each.cut = each.cut or self._is_cut(each)

    def deafen(self, name: str, *others: str) -> None:
        """What these others send does not arrive at `name`; they hear it."""
        self._deaf.update((name, other) for other in others)

    def heal(self) -> None:
        """Everything passes again, at once."""
        self._sides, self.delay = [], 0.0
        self._deaf.clear()
        for each in self._connections:
            if each.cut:
                each.scope.cancel()

    def _is_cut(self, connection: _Connection) -> bool:
        ends = [next((s for s in self._sides if end in s), None) for end in (connection.dialler, connection.target)]
        return ends[0] != ends[1] and None not in ends

    async def _relay(self, stream: trio.SocketStream, target: str, inner: int) -> None:
        connection = _Connection(self._dialler(stream), target)
        connection.cut = self._is_cut(connection)
        self._connections.append(connection)
        try:
            with connection.scope:
                async with stream, await trio.open_tcp_stream(HOST, inner) as other, trio.open_nursery() as nursery:
                    nursery.start_soon(self._pump, stream, other, connection, (target, connection.dialler))
                    nursery.start_soon(self._pump, other, stream, connection, (connection.dialler, target))
        except OSError:
            pass  # the node is down: the dialler sees a closed connection
        finally:
            self._connections.remove(connection)

    def _dialler(self, stream: trio.SocketStream) -> str | None:
        try:
            return owner(stream.socket.getpeername(), stream.socket.getsockname(), self._processes())
        except OSError:
            return None  # it has gone again

    async def _pump(
        self,
        source: trio.SocketStream,
        sink: trio.SocketStream,
        connection: _Connection,
        way: tuple[str | None, str | None],  # who hears, whom
    ) -> None:
        try:
            while data := await source.receive_some(CHUNK):
                connection.cut = connection.cut or way in self._deaf
                if connection.cut:
                    await trio.sleep_forever()
                await trio.sleep(self.delay)
                await sink.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        connection.scope.cancel()


Address = tuple[str, int]


def owner(here: Address, there: Address, processes: Mapping[str, int]) -> str | None:
    """Which of `processes` has the socket at the end `here` of a loopback connection."""
    inode = _inode(here, there)
    for name, pid in processes.items():
        if inode is not None and f"socket:[{inode}]" in _descriptors(pid):
            return name
    return None


def _inode(here: Address, there: Address) -> str | None:
    """Of both ends: several connections may share the port of one."""
    ends = [_written(here), _written(there)]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1:3] == ends:
            return fields[9]
    return None


def _written(address: Address) -> str:
    host, port = address
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"


def _descriptors(pid: int) -> set[str]:
    found: set[str] = set()
    with suppress(OSError):  # it ends just now
        for each in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):  # closed while we looked
                found.add(os.readlink(f"/proc/{pid}/fd/{each}"))
    return found
