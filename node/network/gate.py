"""What the stack asks and reports (`host.Sink`): who may be linked, which messages are good, and where they go.

Messages go into a bounded channel; what its reader is too slow for is dropped and counted. The two decisions come
from the node; an exception in them means no.
"""

from collections.abc import Callable

import trio

from node.network.counters import Counters
from node.network.links import CONNECTIONS_PER_PEER, Links
from node.network.logs import Log

MAX_MESSAGE = 32 * 1024  # bytes; with its envelope it must fit links that deliver tiny segments
STRANGER = "handshake failed"


class Gate:
    """Called by the library from within its own tasks: nothing here waits or raises."""

    def __init__(self, own_id: str, max_links: int, buffer: int, links: Links, counters: Counters, log: Log) -> None:
        self.validator: Callable[[str, bytes], bool] = lambda _origin, _data: True
        self.acceptor: Callable[[str], bool] = lambda _peer_id: True
        self._send, self.messages = trio.open_memory_channel[tuple[str, bytes]](buffer)
        self._own_id = own_id
        self._most_links = 2 * max_links  # as many guests as links that are kept
        self._links = links
        self._counters = counters
        self._log = log

    def accepted(self, peer_id: str) -> bool:
        try:
            return self.acceptor(peer_id)
        except Exception as error:
            self._log.warning("accept failed", peer=peer_id, error=repr(error))
            return False

    def admit(self, peer_id: str) -> str | None:
        if peer_id == self._own_id:
            return "this node itself"
        if not self.accepted(peer_id):
            return "not accepted"
        if self._links.connections(peer_id) >= CONNECTIONS_PER_PEER:
            return "too many connections of one peer"
        if peer_id not in self._links and len(self._links) >= self._most_links:
            return "full"
        return None

    def valid(self, origin: str, data: bytes) -> bool:
        if len(data) > MAX_MESSAGE:
            self._counters.reject("message too large")
            return False
        try:
            good = self.validator(origin, data)
        except Exception as error:
            self._log.warning("validator failed", origin=origin, error=repr(error))
            good = False
        if not good:
            self._counters.reject("message invalid")
        return good

    def arrived(self, forwarder: str) -> None:
        self._counters.received += 1
        self._links.touch(forwarder)

    def deliver(self, origin: str, data: bytes) -> None:
        try:
            self._send.send_nowait((origin, data))
        except trio.WouldBlock:
            self._counters.overflowed += 1
        else:
            self._counters.delivered += 1

    def queue_full(self) -> None:
        self._counters.dropped += 1

    def misbehaved(self, reason: str, detail: str) -> None:
        self._counters.reject(reason)
        # Most often somebody without the network key. Which, nobody can say; the log holds repeats back.
        tell = self._log.warning if reason == STRANGER else self._log.debug
        tell(reason, detail=ascii(detail)[:300])
