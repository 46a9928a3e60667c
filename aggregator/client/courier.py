"""Brings the records to the node: one connection at a time, sent within a window, answers read, lost ones redone.

    no connection ──due──▶ hello sent ──answered──▶ ready ──▶ … ──▶ no connection
          ▲                      │    no answer, gap, error, end     │
          └──────── back-off ────┴───────────────────────────────────┘

While there is no connection, what is in memory goes to the spool. A gap (the node has lost the session) makes a new
session of what is still held; what the node said it has is not sent again.
"""

from __future__ import annotations

from aggregator import limits
from aggregator.client.backoff import Backoff, random_fraction
from aggregator.client.deliveries import Deliveries
from aggregator.client.link import Absent, Link, open_link
from aggregator.client.settings import socket_paths
from aggregator.client.text import exact
from aggregator.client.wire import best_codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.client.counters import Counters
    from aggregator.client.settings import Settings
    from aggregator.client.wire import Map

WINDOW_RECORDS = 128  # sent and not yet acknowledged
ANSWER_SECONDS = 5.0  # without progress of a node that owes an answer: it hangs
IDLE_SECONDS = 2.0  # a connection without work is kept this long


class Courier:
    """For the sender thread only. `now` is monotonic seconds."""

    def __init__(self, settings: Callable[[], Settings], counters: Counters) -> None:
        self._settings = settings
        self._codec = best_codec()
        self.deliveries = Deliveries(settings, counters, self._codec)
        self._backoff = Backoff()
        self._link: Link | None = None
        self._retry_at = 0.0
        self._progress_at = 0.0  # when the node last did something, or began to owe something

    def connected(self) -> bool:
        """Whether there is a connection, answered or not."""
        return self._link is not None

    def hurry(self) -> None:
        """Try the node now, whatever the back-off says."""
        self._retry_at = 0.0

    def due(self, now: float) -> float:
        """Seconds until something is to be done without anybody asking for it."""
        if self._link is not None:
            return max(0.0, self._progress_at + (ANSWER_SECONDS if self._owes() else IDLE_SECONDS) - now)
        return max(0.0, self._retry_at - now) if self.deliveries.held() else IDLE_SECONDS

    def wait_answer(self, seconds: float) -> bool:
        """Where the node owes an answer, wait for it and say so."""
        if self._link is None or not self._owes():
            return False
        self._link.wait(seconds)
        return True

    def exchange(self, now: float) -> None:
        """Connect if due, send, read answers, notice a node that hangs; without a connection, spool."""
        if self._link is not None and self._link.ready and not self.deliveries.in_flight():
            self._look(self._link, now)
        if self._link is None and self.deliveries.held() and now >= self._retry_at:
            self._connect(now)
        while self._link is not None and self._round(self._link, now):
            pass
        self._check(now)
        if self._link is None:
            self.deliveries.keep_safe(now)

    def close(self) -> None:
        """Hang up and leave what is spooled to the node."""
        self._hang_up()
        self.deliveries.close()

    def abandon(self) -> None:
        """After a fork, in the child: close the descriptors, touch nothing else."""
        self._hang_up()
        self.deliveries.abandon()

    def _connect(self, now: float) -> None:
        try:
            self._link = open_link(socket_paths(self._settings()), self._codec)
        except Absent:
            self._lose(now)
            return
        self._link.session = self.deliveries.session
        self._link.send(self.deliveries.hello())
        self._progress_at = now

    def _look(self, link: Link, now: float) -> None:
        """Before a connection that was idle is used again: if the node has closed it, a new one is due at once."""
        self._read(link, now)
        if link.closed:
            self._hang_up()
            self._retry_at = now

    def _round(self, link: Link, now: float) -> bool:
        """Send and read once; whether answers came, so that more may be sent."""
        if link.ready:
            self._send(link, now)
        return self._read(link, now) and link.session == self.deliveries.session

    def _send(self, link: Link, now: float) -> None:
        if not self.deliveries.in_flight() and self.deliveries.held():
            self._progress_at = now  # from now on it owes an answer
        while link.takes_more() and self.deliveries.in_flight() < WINDOW_RECORDS:
            frame = self.deliveries.next_frame()
            if frame is None:
                return
            link.send(frame)

    def _read(self, link: Link, now: float) -> bool:
        answers = link.exchange()
        for answer in answers:
            if self._link is link:  # an earlier answer may have ended the connection
                self._answered(link, answer, now)
        return bool(answers)

    def _answered(self, link: Link, answer: Map, now: float) -> None:
        if "error" in answer:
            self._failed(link, answer, now)
        elif not link.ready:
            link.ready = self.deliveries.greeted(answer.get("next"))
            self._progress_at = now
            if not link.ready:
                self._lose(now)
        elif type(answer.get("ack")) is int and self.deliveries.acknowledged(answer):
            self._progress_at = now
            self._backoff.reset()

    def _failed(self, link: Link, answer: Map, now: float) -> None:
        if answer["error"] == "gap":
            self.deliveries.gap(answer.get("next"))
        elif link.ready and not answer.get("retry"):
            self.deliveries.failed(exact(answer["error"], limits.NAME_CHARS))
        self._lose(now)

    def _owes(self) -> bool:
        return self._link is not None and (not self._link.ready or self.deliveries.held() > 0)

    def _check(self, now: float) -> None:
        """Part from a connection that has ended, hangs, or has nothing left to do."""
        if self._link is None:
            return
        silent = now - self._progress_at
        over = self._link.closed or self._link.session != self.deliveries.session
        if over or (self._owes() and silent > ANSWER_SECONDS):
            self._lose(now)
        elif not self._owes() and silent >= IDLE_SECONDS:
            self._hang_up()

    def _lose(self, now: float) -> None:
        self._hang_up()
        self._retry_at = now + self._backoff.next(random_fraction())

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
