"""The datagram socket: one record a datagram, from programs that cannot wait. Best effort.

No session, no answer: what does not arrive, or arrives while the kernel's queue is full, is not counted, and what is
sent twice is counted twice. The kernel says who sent each.
"""

import socket

from aggregator import limits
from aggregator.record import BadRecord, not_a_record
from aggregator.unreadable import UNREADABLE
from node.ingest.counters import Counters
from node.ingest.rates import Rates
from node.ingest.sender import Taking
from node.ingest.wire import BRACE, decode, decode_json
from node.sockets import Bound, Peer, peer_in

ROUND = 256  # datagrams that are read before connections have their turn
ANCILLARY = socket.CMSG_SPACE(12)  # bytes: pid, uid, gid


class Datagrams:
    """The receive loop calls `receive` when there is something."""

    def __init__(self, bound: Bound, desk: Taking, counters: Counters, rates: Rates) -> None:
        self._socket = bound.socket
        self._desk = desk
        self._counters = counters
        self._rates = rates

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self, view: memoryview, now: float) -> None:
        """Take what waits. `view` is room for one frame; `now` is the clock of the rates."""
        for _ in range(ROUND):
            try:
                size, ancillary, flags, _ = self._socket.recvmsg_into([view[: limits.FRAME_BYTES]], ANCILLARY)
            except BlockingIOError:
                return
            self._counters.datagrams += 1
            if flags & socket.MSG_TRUNC:
                self._counters.refuse("datagram too large")
            else:
                self._take(view[:size], peer_in(ancillary), now)

    def _take(self, frame: memoryview, peer: Peer, now: float) -> None:
        json = len(frame) > 0 and frame[0] == BRACE
        if not self._rates.allows(peer.uid, now):
            self._counters.refuse("rate")
            return
        try:
            sent = decode_json(frame) if json else decode(frame)
            self._desk.take(sent, frame, json, peer._asdict())
        except UNREADABLE as error:
            self._counters.refuse(not_a_record(error))
            return
        except BadRecord as error:
            self._counters.refuse(str(error))
            return
        self._rates.spend(peer.uid, 1)
        self._counters.records += 1
        self._desk.batch.records += 1
        self._desk.wake()
