"""What becomes of each record on its way: numbered, kept safe, acknowledged, refused, or dropped; all of it counted.

This is the outbox with its counters and with those who wait for an answer; `courier` moves the bytes. A record is
over when the node has settled it or when it was dropped here; `added` and `finished` only grow, whatever sessions
come and go, so a flush knows when everything before it is over.
"""

from __future__ import annotations

import os

from aggregator import limits
from aggregator.client.outbox import NotKept, Outbox
from aggregator.client.settings import spool_directory
from aggregator.client.spool import Spool
from aggregator.client.text import exact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.client.capture import Answer
    from aggregator.client.counters import Counters
    from aggregator.client.settings import Settings
    from aggregator.client.wire import Codec, Map

SPILL_RETRY_SECONDS = 1.0  # after the spool refused
ERRORS_BEFORE_DROP = 3  # in a row, final ones, for one and the same record


class Deliveries:
    """For the sender thread only. `now` is monotonic seconds."""

    def __init__(self, settings: Callable[[], Settings], counters: Counters, codec: Codec) -> None:
        self._settings = settings
        self._counters = counters
        self._codec = codec
        self._answers: dict[int, Answer] = {}
        self._spill_at = 0.0
        self._errors = 0
        self.added = 0
        self.finished = 0
        self._outbox = self._new_outbox()

    def _new_outbox(self) -> Outbox:
        self._sent_once = 0  # the highest number of the session that was ever written to a socket
        spooled = self._settings().on_absent == "spool"
        return Outbox(os.urandom(limits.SESSION_BYTES), self._codec, self._counters, self._open if spooled else None)

    def _open(self, session: bytes, hello: bytes, first: int) -> Spool:
        settings = self._settings()
        return Spool(spool_directory(settings), session, hello, first, settings.spool_bytes)

    def add(self, record: Map, answer: Answer | None) -> None:
        """Number and keep `record`, or drop and count it. `answer` is given when the record is over."""
        count = record.get("count", 1)
        try:
            seq = self._outbox.add(record)
        except NotKept as reason:
            return self._drop(str(reason), answer, count)
        except (ValueError, TypeError, OverflowError, RecursionError):
            return self._drop("cannot be encoded", answer, count)
        self.added += 1
        if answer is not None:
            self._answers[seq] = answer
        return None

    def held(self) -> int:
        """Records that are not over."""
        return self._outbox.held()

    def in_memory(self) -> int:
        """Occurrences that are not over and not on disk."""
        return self._outbox.in_memory()

    def in_flight(self) -> int:
        """Records that were handed to the present connection and not settled."""
        return self._outbox.sent - self._outbox.settled

    @property
    def session(self) -> bytes:
        """The session of all records that are not over."""
        return self._outbox.session

    def hello(self) -> bytes:
        """The first frame of a connection."""
        return self._outbox.hello()

    def next_frame(self) -> bytes | None:
        """The next record for the present connection, or None. A damaged spool is given up: `session` is new then."""
        try:
            frame = self._outbox.unsent()
        except OSError:
            self._start_over("spool damaged")
            return None
        if frame is not None and self._outbox.sent > self._sent_once:
            self._sent_once = self._outbox.sent
            self._counters.add("sent")
        return frame

    # What the node says

    def greeted(self, expected: object) -> bool:
        """The node expects record `expected`. False: there is a new session now, and this connection is over."""
        before = self._outbox.settled
        if type(expected) is not int or not self._outbox.resume(expected):
            self._renew()
            return False
        self._over(before, {}, {})
        return True

    def acknowledged(self, answer: Map) -> bool:
        """The node has settled records; whether that was progress."""
        before = self._outbox.settled
        self._outbox.settle(min(answer["ack"], self._outbox.sent))
        refused = {item["seq"]: item for item in _items(answer.get("refused"))}
        known = {item["seq"]: item for item in _items(answer.get("known"))}
        self._over(before, refused, known)
        if self._outbox.settled > before:
            self._errors = 0
        return self._outbox.settled > before

    def gap(self, expected: object) -> None:
        """The node does not take our next number: what it has not got goes into a new session."""
        before = self._outbox.settled
        if type(expected) is int and before < expected - 1 <= self._outbox.sent:
            self._outbox.settle(expected - 1)
            self._over(before, {}, {})
        self._renew()

    def failed(self, reason: str) -> None:
        """The node will not go on with what we send: after some tries the first record is the one to give up."""
        self._errors += 1
        if self._errors < ERRORS_BEFORE_DROP or not self.held():
            return
        self._errors = 0
        first = self._outbox.settled + 1
        count = self._outbox.occurrences(first - 1) - self._outbox.occurrences(first)
        self._outbox.settle(first)
        self.finished += 1
        self._drop(f"node: {reason}", self._answers.pop(first, None), count)
        self._renew()

    # Where the node is not

    def keep_safe(self, now: float) -> None:
        """Put what is in memory on disk. What has no place there stays in memory; tried again after a while."""
        if self._outbox.in_memory() and now >= self._spill_at:
            try:
                self._outbox.spill()
            except NotKept:
                self._spill_at = now + SPILL_RETRY_SECONDS

    def keep_safe_now(self) -> None:
        """The same, even if it was refused a moment ago."""
        self._spill_at = 0.0
        self.keep_safe(0.0)

    def close(self) -> None:
        """Leave the spool to the node; drop and count what has no place there; begin a new session."""
        if lost := self._outbox.in_memory():
            self._counters.drop("node absent at exit", lost)
        self.finished = self.added
        self._give_up()
        self._outbox.close()
        self._outbox = self._new_outbox()

    def abandon(self) -> None:
        """Close the descriptor of the spool, touch nothing else."""
        self._outbox.close()

    def _over(self, before: int, refused: dict[int, Map], known: dict[int, Map]) -> None:
        """Everything after `before` that is settled now is over."""
        settled = range(before + 1, self._outbox.settled + 1)
        self.finished += len(settled)
        for seq in settled:
            if seq in refused:
                self._counters.refuse(exact(refused[seq].get("reason"), limits.NAME_CHARS) or "no reason given")
            else:
                self._counters.add("acknowledged")
        for seq in [seq for seq in self._answers if seq <= self._outbox.settled]:
            self._answers.pop(seq).give(seq not in refused, known.get(seq))

    def _renew(self) -> None:
        shift = self._outbox.settled
        try:
            self._outbox = self._outbox.renewed(os.urandom(limits.SESSION_BYTES))
        except (NotKept, OSError, ValueError):
            return self._start_over("session lost")
        self._sent_once = 0
        self._answers = {seq - shift: answer for seq, answer in self._answers.items()}
        return None

    def _start_over(self, reason: str) -> None:
        self._counters.drop(reason, self._outbox.occurrences(self._outbox.settled))
        self.finished += self.held()
        self._give_up()
        self._outbox.discard()
        self._outbox = self._new_outbox()

    def _give_up(self) -> None:
        for answer in self._answers.values():
            answer.give(False)
        self._answers.clear()

    def _drop(self, reason: str, answer: Answer | None, count: int) -> None:
        """`count`: the occurrences that the record stands for."""
        self._counters.drop(reason, count)
        if answer is not None:
            answer.give(False)


def _items(value: object) -> list[Map]:
    """The maps of a list in an answer that name a record."""
    items: list[Map] = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType] - checked below
    return [item for item in items if type(item.get("seq")) is int]
