"""What one sender says, frame by frame: the rules of `docs/ingest.md`, without the socket.

Frames are parsed in place: nothing is copied but what is kept. A sender is a connection, a spool file or a datagram.
Bad frames are refused with a reason and settled; only what makes the rest unreadable ends the conversation.
"""

from typing import Any, Protocol

from aggregator import limits
from aggregator.record import BadRecord, not_a_record
from aggregator.unreadable import UNREADABLE
from node.ingest.batch import Answer, Batch, Refusal, Reply, Wish
from node.ingest.counters import Counters
from node.ingest.repeats import Repeat
from node.ingest.sessions import Session, Sessions
from node.ingest.wire import BRACE, LENGTH, Sent, decode, decode_json, is_json, number_in, session_in


class Taking(Protocol):
    """Where records go. See `node.ingest.desk`."""

    batch: Batch
    sessions: Sessions

    def take(self, sent: Sent, frame: memoryview, json: bool, sender: dict[str, Any], /) -> Repeat: ...
    def wake(self) -> None: ...


class Sender:
    """The state of one conversation. Feed it bytes; see what it wants: `hello`, or to be `over`."""

    def __init__(self, desk: Taking, counters: Counters, about: dict[str, Any]) -> None:
        self.about = about  # who it is: kept with samples
        self.json: bool | None = None  # known from the first byte
        self.hello: bytes | None = None  # a session to be opened before more is read
        self.over: Answer | None = None  # the last thing to say to it; nothing more is read
        self.session: Session | None = None
        self.last_writer = False  # nobody else can still send in its session
        self.taken = 0  # records
        self.pending = 0  # batches that it waits for
        self._desk = desk
        self._counters = counters
        self._batch: Batch | None = None
        self._reply = Reply()
        self._last = 0  # the number of the last record in this conversation

    def feed(self, buffer: bytearray, view: memoryview, start: int, end: int) -> int:
        """Take the whole frames in `buffer[start:end]`, which `view` shows. Returns where what was not taken begins."""
        if self.json is None and start < end:
            self.json = view[start] == BRACE
        taken, last = self.taken, self._last
        stop = self._lines(buffer, view, start, end) if self.json else self._frames(view, start, end)
        self._desk.batch.records += self.taken - taken
        self._counters.records += self.taken - taken
        if self._last != last and self.session:
            self._settle_to(self.session, self._last)
        return stop

    def resume(self, session: Session) -> None:
        """The session of the hello is open."""
        self.session = session
        self.hello = None
        self._last = 0

    def leave(self) -> None:
        """Let go of the session."""
        if self.session:
            self._desk.sessions.leave(self.session)
            self.session = None

    def finish(self, rest: bytes) -> None:
        """The sender has finished; a line at the end counts without its end. What was cut off is refused.

        In a session it is not settled: its sender may come again with all of it.
        """
        if not rest or not self.reading:
            return
        if self.json and (self.session is None or is_json(rest)):
            line = bytearray(rest + b"\n")
            self.feed(line, memoryview(line), 0, len(line))
            return
        reason = f"not a record: cut off after {len(rest)} bytes"
        if self.session is None:
            self._refuse(reason)
            return
        self._counters.refuse(reason)
        self.over = {"error": reason}

    @property
    def reading(self) -> bool:
        return self.hello is None and self.over is None

    def _frames(self, view: memoryview, start: int, end: int) -> int:
        unpack, size_of = LENGTH.unpack_from, LENGTH.size
        while end - start >= size_of and self.hello is None and self.over is None:
            (size,) = unpack(view, start)
            if size > limits.FRAME_BYTES:
                self._end(f"a frame of {size} bytes: at most {limits.FRAME_BYTES}")
                return end
            stop = start + size_of + size
            if stop > end:
                break
            self._take(view[start + size_of : stop])
            start = stop
        return start

    def _lines(self, buffer: bytearray, view: memoryview, start: int, end: int) -> int:
        while self.reading:
            stop = buffer.find(b"\n", start, end)
            if stop < 0:
                break
            if stop - start > limits.FRAME_BYTES:
                self._end(f"a line of {stop - start} bytes: at most {limits.FRAME_BYTES}")
                return end
            if stop > start:
                self._take(view[start:stop])
            start = stop + 1
        if end - start > limits.FRAME_BYTES:
            self._end(f"a line without an end: at most {limits.FRAME_BYTES} bytes")
            return end
        return start

    def _take(self, frame: memoryview) -> None:
        json = self.json is True
        try:
            sent = decode_json(frame) if json else decode(frame)
        except UNREADABLE as error:
            self._take_odd(frame, not_a_record(error))
            return
        seq = sent.seq
        session = self.session
        if session is not None:
            if seq is None or (seq != session.next and not self._skip(session, seq)):
                self._out_of_turn(session, seq)
                return
            self._last = seq
        elif self.last_writer:
            self._end("it does not begin with a hello")  # counted alone it would be counted again by the next reader
            return
        try:
            repeat = self._desk.take(sent, frame, json, self.about)
        except BadRecord as error:
            self._refuse(str(error))
            return
        self.taken += 1
        if session is None:
            self._join().alone.append(repeat)
            self._desk.batch.answers += 1
            return
        session.next = self._last + 1
        if sent.want:
            self._join().wishes.append(Wish(self._last, repeat))
            self._desk.batch.answers += 1

    def _settle_to(self, session: Session, last: int) -> None:
        """When the growing batch is on disk, the session is settled up to `last`, and its sender is told."""
        reply = self._join()
        reply.ack = max(reply.ack, last)
        self._desk.batch.sessions[session] = session.next

    def _take_odd(self, frame: memoryview, reason: str) -> None:
        """A hello, or what is no record at all."""
        json = self.json is True
        try:
            self.hello = session_in(frame, json)
        except BadRecord as error:
            self._end(str(error))
            return
        session = self.session
        if self.hello is not None:
            if session is not None:
                self._end("hello was said before")
            return
        if session is None:
            self._refuse(reason)
            return
        # Where not even its number can be read, it is the one after the last: a session is sent in order.
        seq = number_in(frame, json) or (self._last + 1 if self._last else session.next)
        if seq != session.next and not self._skip(session, seq):
            self._out_of_turn(session, seq)
        else:
            self._last = seq
            self._refuse(reason)

    def _skip(self, session: Session, seq: int) -> bool:
        """Go on at `seq` where nobody is left who could send what is missing before it."""
        if not self.last_writer or not session.next <= seq < limits.SEQUENCE:
            return False
        session.next = seq
        return True

    def _out_of_turn(self, session: Session, seq: int | None) -> None:
        if seq is None or seq > session.next or seq < 1:
            self._counters.gaps += 1
            missing = f"a record without a number from 1 to {limits.SEQUENCE - 1}"  # what is missing else, it skips
            self._end(missing if self.last_writer else "gap", next=session.next)
            return
        self._counters.repeated += 1
        self._last = seq

    def _refuse(self, reason: str) -> None:
        self._counters.refuse(reason)
        reply = self._join()
        self._desk.batch.answers += 1
        session = self.session
        if session is None:
            reply.alone.append(reason)
            return
        reply.refused.append(Refusal(self._last, reason))
        session.next = self._last + 1

    def _join(self) -> Reply:
        """The reply in the growing batch."""
        if self._batch is not self._desk.batch:
            self._batch = self._desk.batch
            self._reply = self._batch.reply_to(self)
            self.pending += 1
            self._desk.wake()
        return self._reply

    def _end(self, reason: str, **more: Any) -> None:
        self._counters.ended += 1
        self.over = {"error": reason, **more}

    def settled(self, reply: Reply) -> None:
        """A batch with something from it is on disk. Kinds of senders add how they say so."""
        self.pending -= 1
        if not self.pending:
            self._batch = None  # which may be large, while this sender may be idle for hours

    def failed(self, reason: str) -> None:
        """Nothing that is pending was counted, nor will be."""
        self.pending = 0
        self._batch = None
        self._counters.storage += 1
        self.over = {"error": reason, "retry": True}
