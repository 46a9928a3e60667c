"""The links of now: one entry per connected peer, however many connections it has, and a number that grows with
every change, so that whoever waits for a change can miss none.
"""

import time
from dataclasses import dataclass, replace
from typing import Literal

import trio
from libp2p.abc import INetConn, INetStream, INetwork, INotifee
from libp2p.rcmgr import Direction
from multiaddr import Multiaddr

Way = Literal["in", "out"]

CONNECTIONS_PER_PEER = 3


@dataclass(frozen=True, slots=True)
class PeerLink:
    """A connected peer. Times are unix seconds; `address` is where it was dialled or called from."""

    peer_id: str
    address: str
    direction: Way  # who opened the first connection: "out" is this node
    connected_since: float
    in_pubsub: bool  # False for a moment after connecting; the overlay repairs it if it stays
    last_seen: float


class Links(INotifee):
    """Kept by the library's events, which come once per connection and are awaited by it: nothing here waits."""

    def __init__(self) -> None:
        self.version = 0
        self._links: dict[str, PeerLink] = {}
        self._connections: dict[str, list[INetConn]] = {}
        self._changed = trio.Event()

    def all(self) -> list[PeerLink]:
        return list(self._links.values())

    def get(self, peer_id: str) -> PeerLink | None:
        return self._links.get(peer_id)

    def __len__(self) -> int:
        return len(self._links)

    def __contains__(self, peer_id: str) -> bool:
        return peer_id in self._links

    def connections(self, peer_id: str) -> int:
        return len(self._connections.get(peer_id, ()))

    def touch(self, peer_id: str) -> None:
        """Something arrived from this peer."""
        if link := self._links.get(peer_id):
            self._links[peer_id] = replace(link, last_seen=time.time())

    def clear(self) -> None:
        """The stack is gone and every link with it."""
        self._connections.clear()
        self._links.clear()
        self._change()

    def compare(self, connected: set[str], in_pubsub: set[str]) -> None:
        """Correct the links by what is: an event can be lost with the task that was about to send it."""
        for peer_id in [peer_id for peer_id in self._links if peer_id not in connected]:
            self._connections.pop(peer_id, None)
            del self._links[peer_id]
            self._change()
        for peer_id, link in self._links.items():
            if link.in_pubsub != (peer_id in in_pubsub):
                self._links[peer_id] = replace(link, in_pubsub=not link.in_pubsub)
                self._change()

    async def wait_change(self, seen: int) -> int:
        """Return the version as soon as it differs from `seen`."""
        while self.version == seen:
            await self._changed.wait()
        return self.version

    async def connected(self, network: INetwork, conn: INetConn) -> None:
        peer_id = str(conn.muxed_conn.peer_id)
        self._connections.setdefault(peer_id, []).append(conn)
        if peer_id not in self._links:
            now = time.time()
            way: Way = "out" if getattr(conn, "direction", None) is Direction.OUTBOUND else "in"
            self._links[peer_id] = PeerLink(peer_id, remote_address(conn), way, now, False, now)
            self._change()

    async def disconnected(self, network: INetwork, conn: INetConn) -> None:
        peer_id = str(conn.muxed_conn.peer_id)
        # A refused connection was never announced as connected, but is as disconnected.
        left = [other for other in self._connections.get(peer_id, ()) if other is not conn]
        if left:
            self._connections[peer_id] = left
            return
        self._connections.pop(peer_id, None)
        if self._links.pop(peer_id, None) is not None:
            self._change()

    async def opened_stream(self, network: INetwork, stream: INetStream) -> None: ...
    async def closed_stream(self, network: INetwork, stream: INetStream) -> None: ...
    async def listen(self, network: INetwork, multiaddr: Multiaddr) -> None: ...
    async def listen_close(self, network: INetwork, multiaddr: Multiaddr) -> None: ...

    def _change(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = trio.Event()


def remote_address(conn: INetConn) -> str:
    """The other end's address as far as the connection knows it, else ''."""
    addresses = conn.get_transport_addresses()
    return str(addresses[0]) if addresses else ""
