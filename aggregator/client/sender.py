"""What the sender thread does between two looks at the queue.

One step: make records of what was captured, give them to the courier, let it talk to the node, and see which flushes
are over. Between steps the thread waits: for the queue, or, while the node owes an answer, for the socket in slices.
"""

from __future__ import annotations

import math
import threading
import time

from aggregator.client.build import Builder
from aggregator.client.capture import Capture
from aggregator.client.courier import Courier
from aggregator.client.fold import fold
from aggregator.client.holding import Holding

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
        self._holding = Holding()
        self._flushes: list[Flush] = []

    @property
    def _courier(self) -> Courier:
        if self._made is None:
            self._made = Courier(self._settings, self._counters)
        return self._made

    def idle(self) -> bool:
        """Whether nothing is left to do."""
        busy = self._made is not None and (self._made.deliveries.held() or self._made.connected())
        return not busy and not self._flushes and not self._holding.held()

    def in_memory(self) -> int:
        """Occurrences that only this process knows of."""
        made = self._made.deliveries.in_memory() if self._made is not None else 0
        return made + self._holding.held()

    def pause(self) -> float:
        """Wait for the socket if the node owes an answer; answers how long to wait for the queue, in seconds."""
        if self._made is None:
            return 0.0
        now = time.monotonic()
        held = self._holding.due(now) if self._away() else 0.0 if self._holding.held() else math.inf
        seconds = min([self._made.due(now), held, *(max(0.0, flush.deadline - now) for flush in self._flushes)])
        return 0.0 if self._made.wait_answer(min(seconds, SLICE_SECONDS)) else seconds

    def step(self, items: Sequence[Capture | Flush], now: float) -> None:
        """Take in `items`, then let the courier work."""
        flushes = [item for item in items if isinstance(item, Flush)]
        for capture in self._sift(fold([item for item in items if isinstance(item, Capture)]), bool(flushes), now):
            self._accept(capture)
        if flushes:
            self._courier.hurry()
        for flush in flushes:
            flush.target = self._courier.deliveries.added
        self._flushes += flushes
        self._courier.exchange(now)
        self._flushes = [flush for flush in self._flushes if not self._over(flush, now)]

    def _sift(self, captures: list[Capture], flushing: bool, now: float) -> list[Capture]:
        """What is to be sent or written now. While the node is away, repeats wait; unless somebody waits for them."""
        if self._away() and not flushing:
            return self._holding.sift(captures, now)
        return self._holding.release() + captures

    def _away(self) -> bool:
        """Whether something waits for a node that is not connected."""
        return self._made is not None and not self._made.connected() and self._made.deliveries.held() > 0

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
            self._counters.drop("cannot be built", capture.occurrences())
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
