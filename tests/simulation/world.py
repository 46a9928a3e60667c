"""Virtual time: one queue of events, one source of randomness. The same seed gives the same run.

Whatever belongs to a process is scheduled with its `Life`; when the process is killed its life ends, and what was still
to happen in it does not happen.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

START = 1_700_000_000.0 - 1_700_000_000.0 % 900  # Unix seconds, at the start of a window


@dataclass
class Life:
    """One run of one process."""

    alive: bool = True


@dataclass
class World:
    """Clock, queue and randomness of one run, and the timeline that a failing seed is told by."""

    seed: int
    now: float = START
    timeline: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._queue: list[tuple[float, int, Life | None, Callable[[], None]]] = []
        self._count = 0

    def after(self, delay: float, action: Callable[[], None], life: Life | None = None) -> None:
        """Let `action` happen in `delay` seconds, unless `life` has ended by then."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay, self._count, life, action))

    def run(self, until: float) -> None:
        """Let everything happen that is due until `until` (Unix seconds)."""
        while self._queue and self._queue[0][0] <= until:
            self.now, _, life, action = heapq.heappop(self._queue)
            if life is None or life.alive:
                action()
        self.now = max(self.now, until)

    def tell(self, text: str) -> None:
        """A line of the timeline."""
        self.timeline.append(f"{self.now - START:12.3f}  {text}")

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability
