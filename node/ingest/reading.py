"""Bytes from a connection to its frames: read into one large buffer, and parsed where they lie.

What is incomplete is put aside per connection and copied back in front of what comes next. A hello waits: sessions are
opened together, for all who said hello in one round, and what was sent after it is taken then.
"""

from collections.abc import Callable

import structlog
import trio

from aggregator import limits
from node.ingest import wire
from node.ingest.batch import Answer
from node.ingest.connection import Connection
from node.ingest.counters import Counters
from node.ingest.desk import Desk
from node.ingest.rates import Rates
from node.store import StoreError

log = structlog.get_logger("ingest")

READ_BYTES = 512 * 1024  # in one go; more than a socket holds
READS = 4  # of one connection in one turn


class Reading:
    """Reads for one connection at a time. `view` is room for one frame to whoever reads meanwhile."""

    def __init__(self, desk: Desk, counters: Counters, rates: Rates, hello: Answer) -> None:
        self._desk = desk
        self._counters = counters
        self._rates = rates
        self._hello = hello
        self._buffer = bytearray(wire.LENGTH.size + limits.FRAME_BYTES + READ_BYTES)
        self.view = memoryview(self._buffer)

    def read(self, connection: Connection) -> None:
        """What waits in its socket, as far as one turn goes."""
        for _ in range(READS):
            start = len(connection.rest)
            self._buffer[:start] = connection.rest
            try:
                size = connection.socket.recv_into(self.view[start : start + READ_BYTES])
            except BlockingIOError:
                return
            except OSError:
                connection.broken = True
                size = 0
            if not size:
                connection.ended = True
                connection.finish(connection.rest)
                connection.say_over()
                return
            self._feed(connection, start + size)
            if not connection.reading or size < READ_BYTES // 4 or self._desk.batch.full():
                return

    async def greet(
        self,
        waiting: list[Connection],
        answered: Callable[[Connection], None],
        close: Callable[[Connection], None],
    ) -> None:
        """Open the sessions of all who said hello in this round, and go on with what they sent after it."""
        while waiting:
            try:
                sessions = await self._desk.sessions.open([each.hello or b"" for each in waiting])
            except StoreError as error:
                log.error("sessions not read", reason=str(error))
                for each in waiting:
                    each.hello = None
                    each.failed("storage")
                    answered(each)
                return
            self._desk.begin()
            for each, session in zip(waiting, sessions, strict=True):
                each.greet(session, self._desk.node, self._hello)
                if each.broken:
                    close(each)
                    continue
                self._buffer[: len(each.rest)] = each.rest
                self._feed(each, len(each.rest))
                answered(each)
            waiting = [each for each in waiting if each.hello is not None]

    def _feed(self, connection: Connection, end: int) -> None:
        """What lies in the buffer up to `end` came from `connection`."""
        before = connection.taken
        if connection.busy:
            connection.json = self._buffer[0] == wire.BRACE
            connection.over = {"error": "busy", "retry": True}
        elif not self._rates.allows(connection.peer.uid, trio.current_time()):
            self._counters.rate += 1
            connection.json = self._buffer[0] == wire.BRACE if connection.json is None else connection.json
            connection.over = {"error": "rate", "retry": True}
        stop = connection.feed(self._buffer, self.view, 0, end) if connection.reading else end
        connection.rest = bytes(self.view[stop:end]) if connection.over is None else b""
        if stop or not connection.rest:
            connection.since = trio.current_time()
        self._rates.spend(connection.peer.uid, connection.taken - before)
        connection.say_over()
