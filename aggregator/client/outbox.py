"""Numbered records until they are settled, in order: those on disk first, then those in memory.

A record gets its number and its bytes once and keeps both; the node takes exactly the next number, so sending again
after a lost connection or a lost acknowledgement counts nothing twice. What cannot be kept gets no number, so that
there is never a gap. Only where the node does not know the session any more is what is still held numbered anew, in a
new session, starting behind what the node said it has.

Memory is bounded. Full: records move to the spool; where there is none, or it is full too, `add` says why.
"""

from __future__ import annotations

from collections import deque

from aggregator.client.spool import Spool, SpoolFull
from aggregator.client.wire import fitting_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aggregator.client.counters import Counters
    from aggregator.client.wire import Codec, Map

    OpenSpool = Callable[[bytes, bytes, int], Spool]

MEMORY_BYTES = 1024 * 1024  # of frames that wait for their acknowledgement; more goes to the spool
MEMORY_RECORDS = 1_024


class NotKept(Exception):
    """A record that could not be kept; the text is the reason that is counted."""


class Outbox:
    """One session. `open_spool(session, hello, first)` makes a spool, or is None where none is wanted."""

    def __init__(self, session: bytes, codec: Codec, counters: Counters, open_spool: OpenSpool | None = None) -> None:
        self.session = session
        self.last = 0  # the highest number that was given
        self.settled = 0  # everything up to here is on the node's disk
        self.sent = 0  # everything up to here was handed to the present connection
        self.spool: Spool | None = None
        self._codec = codec
        self._counters = counters
        self._open_spool = open_spool
        self._memory: deque[bytes] = deque()  # the records up to `last`
        self._bytes = 0
        self._folded: deque[tuple[int, int]] = deque()  # number and count of held records that stand for several

    def hello(self) -> bytes:
        """The first frame of a connection, and of a spool."""
        session = self._codec.session(self.session)
        return self._codec.frame({"hello": 1, "session": session, "capabilities": {}})

    def add(self, record: Map) -> int:
        """Keep `record`; answers its number. Raises `NotKept`, and then has not changed."""
        frame = fitting_frame(self._codec, {"seq": self.last + 1, **record})
        self.keep(frame)
        if (count := record.get("count", 1)) > 1:
            self._folded.append((self.last, count))
        return self.last

    def keep(self, frame: bytes) -> None:
        """Keep the bytes of record `last + 1`. Raises `NotKept`."""
        if self.memory_full():
            self.spill()
        if self.memory_full():
            raise NotKept("memory full")
        self._memory.append(frame)
        self._bytes += len(frame)
        self.last += 1

    def memory_full(self) -> bool:
        """Whether memory takes no further record."""
        return self._bytes >= MEMORY_BYTES or len(self._memory) >= MEMORY_RECORDS

    def in_memory(self) -> int:
        """Occurrences that would be lost if this process died now."""
        return self.occurrences(self.last - len(self._memory))

    def held(self) -> int:
        """Records that are not settled."""
        return self.last - self.settled

    def occurrences(self, after: int) -> int:
        """What the records higher than `after` stand for."""
        return self.last - after + sum(count - 1 for seq, count in self._folded if seq > after)

    def spill(self) -> None:
        """Move what is in memory to the disk, as far as there is room. Raises `NotKept`."""
        try:
            while self._memory:
                self._spooled().append(self._memory[0])
                self._bytes -= len(self._memory.popleft())
                self._counters.add("spooled")
        except SpoolFull as full:
            raise NotKept(str(full)) from None
        except OSError as error:
            raise NotKept(f"spool: {error.strerror or 'error'}") from None

    def _spooled(self) -> Spool:
        if self.spool is None:
            if self._open_spool is None:
                raise SpoolFull("node absent")
            self.spool = self._open_spool(self.session, self.hello(), self.last - len(self._memory) + 1)
        return self.spool

    def unsent(self) -> bytes | None:
        """The next record for the present connection, or None. Raises `OSError` where the spool cannot be read."""
        if self.sent >= self.last:
            return None
        self.sent += 1
        return self._frame(self.sent)

    def _frame(self, seq: int) -> bytes:
        if self.spool is not None and seq <= self.spool.last:
            return self.spool.frame(seq)
        return self._memory[seq - (self.last - len(self._memory)) - 1]

    def settle(self, up_to: int) -> None:
        """The node has everything up to `up_to`. A spool that is settled to its end is removed."""
        self.settled = max(self.settled, min(up_to, self.last))
        while self._memory and self.last - len(self._memory) + 1 <= self.settled:
            self._bytes -= len(self._memory.popleft())
        while self._folded and self._folded[0][0] <= self.settled:
            self._folded.popleft()
        if self.spool is not None and self.settled >= self.spool.last:
            spool, self.spool = self.spool, None
            spool.remove()

    def resume(self, expected: int) -> bool:
        """Go on where the node is. False where it cannot: it lost the session, or knows more of it than we do."""
        if not self.settled < expected <= self.last + 1:
            return False
        self.settle(expected - 1)
        self.sent = self.settled
        return True

    def renewed(self, session: bytes) -> Outbox:
        """A new session that holds what this one still holds; this one is empty and closed afterwards.

        Raises `NotKept` where the new spool has no room, `OSError` where the old cannot be read: nothing has changed.
        """
        fresh = Outbox(session, self._codec, self._counters, self._open_spool)
        try:
            for frame in self._unsettled():
                fresh.add(self._codec.load(frame) | {"seq": fresh.last + 1})
        except (NotKept, OSError):
            fresh.discard()
            raise
        self.discard()
        return fresh

    def _unsettled(self) -> Iterator[bytes]:
        for seq in range(self.settled + 1, self.last + 1):
            yield self._frame(seq)

    def discard(self) -> None:
        """Forget everything, the file too."""
        self._memory.clear()
        self._folded.clear()
        self._bytes = 0
        if self.spool is not None:
            self.spool.remove()
            self.spool = None

    def close(self) -> None:
        """Leave what is spooled to the node; what is in memory is gone."""
        self._memory.clear()
        if self.spool is not None:
            self.spool.close()
            self.spool = None
