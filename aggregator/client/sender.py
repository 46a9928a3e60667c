"""What the sender thread does between two looks at the queue.

One step: make records of what was captured, give them to the courier, let it talk to the node, and see which flushes
are over. Between steps the thread waits: for the queue, or, while the node owes an answer, for the socket in slices.
"""

from __future__ import annotations

import threading
import time

from aggregator.client.build import Builder
from aggregator.client.capture import Capture
from aggregator.client.courier import Courier
from aggregator.client.fold import fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.client.counters import Counters
    from aggregator.client.settings import Settings

SLICE_SECONDS = 0.02  # how long the queue may wait while an answer is due


class Flush:
    """A request in the queue: everything before it is to be settled by `deadline` (monotonic seconds), or spooled."""

    def __init__(self, deadline: float, closing: bool) -> None:
        self.deadline = deadline
        self.closing = closing
        self.done = threading.Event()
        self.settled = False  # all of it was acknowledged
        self.target = 0


class Sender:
    """For one thread at a time. Makes nothing, and imports nothing, before its first step."""

    def __init__(self, settings: Callable[[], Settings], counters: Counters) -> None:
        self._settings = settings
        self._counters = counters
        self._made: Courier | None = None
        self._builder: Builder | None = None
        self._flushes: list[Flush] = []

    @property
    def _courier(self) -> Courier:
        if self._made is None:
            self._made = Courier(self._settings, self._counters)
        return self._made

    def idle(self) -> bool:
        """Whether nothing is left to do."""
        busy = self._made is not None and (self._made.deliveries.held() or self._made.connected())
        return not busy and not self._flushes

    def in_memory(self) -> int:
        """Records that only this process has."""
        return self._made.deliveries.in_memory() if self._made is not None else 0

    def pause(self) -> float:
        """Wait for the socket if the node owes an answer; answers how long to wait for the queue, in seconds."""
        if self._made is None:
            return 0.0
        now = time.monotonic()
        seconds = min([self._made.due(now), *(max(0.0, flush.deadline - now) for flush in self._flushes)])
        return 0.0 if self._made.wait_answer(min(seconds, SLICE_SECONDS)) else seconds

    def step(self, items: Sequence[Capture | Flush], now: float) -> None:
        """Take in `items`, then let the courier work."""
        for capture in fold([item for item in items if isinstance(item, Capture)]):
            self._accept(capture)
        for item in items:
            if isinstance(item, Flush):
                item.target = self._courier.deliveries.added
                self._courier.hurry()
                self._flushes.append(item)
        self._courier.exchange(now)
        self._flushes = [flush for flush in self._flushes if not self._over(flush, now)]

    def abandon(self) -> None:
        """Close descriptors, touch nothing else."""
        if self._made is not None:
            self._made.abandon()

    def _accept(self, capture: Capture) -> None:
        settings = self._settings()
        if self._builder is None or self._builder.settings is not settings:
            self._builder = Builder(settings)
        try:
            record = self._builder.record(capture)
        except BaseException:  # whatever a hostile object did: one record is lost, not the thread
            self._counters.drop("cannot be built")
            if capture.answer is not None:
                capture.answer.give(False)
            return
        self._courier.deliveries.add(record, capture.answer)

    def _over(self, flush: Flush, now: float) -> bool:
        flush.settled = self._courier.deliveries.finished >= flush.target
        if not flush.settled and now < flush.deadline and self._courier.connected():
            return False
        if not flush.settled:
            self._courier.deliveries.keep_safe_now()
        if flush.closing:
            self._courier.close()
        flush.done.set()
        return True
