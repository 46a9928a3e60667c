"""Virtual time: one queue of events, randomness by name. The same seed gives the same run.

Whatever belongs to a process is scheduled with its `Life`; when the process is killed its life ends, and what was still
to happen in it does not happen. A life that sleeps (the process is stopped, or its machine suspended) lets everything
wait until it wakes; a slow one comes late to all it does.

Randomness is drawn from a stream of its own for each purpose (`draw("loss alice bob")`), so that taking one fault out
of a run leaves the luck of all others as it was: that is what lets a failing run shrink.
"""

import hashlib
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

START = 1_700_000_000.0 - 1_700_000_000.0 % 900  # Unix seconds, at the start of a window


@dataclass
class Life:
    """One run of one process."""

    alive: bool = True
    wakes: float = 0.0  # world time until which it is stopped
    lag: float = 0.0  # seconds by which it is late


@dataclass
class World:
    """Clock, queue and randomness of one run, and the timeline that a failing seed is told by."""

    seed: int
    now: float = START
    timeline: list[str] = field(default_factory=list[str])
    start: float = START

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._streams: dict[str, random.Random] = {}
        self._queue: list[tuple[float, int, Life | None, Callable[[], None]]] = []
        self._count = 0

    def draw(self, purpose: str) -> random.Random:
        """The stream of randomness for one purpose."""
        if purpose not in self._streams:
            self._streams[purpose] = random.Random(f"{self.seed} {purpose}")
        return self._streams[purpose]

    def after(self, delay: float, action: Callable[[], None], life: Life | None = None) -> None:
        """Let `action` happen in `delay` seconds, unless `life` has ended by then."""
        self._count += 1
        if life is not None:
            delay += life.lag
        heapq.heappush(self._queue, (self.now + delay, self._count, life, action))

    def run(self, until: float) -> None:
        """Let everything happen that is due until `until` (Unix seconds)."""
        while self._queue and self._queue[0][0] <= until:
            self.now, count, life, action = heapq.heappop(self._queue)
            if life is None:
                action()
            elif life.wakes > self.now:
                heapq.heappush(self._queue, (life.wakes, count, life, action))
            elif life.alive:
                action()
        self.now = max(self.now, until)

    def tell(self, text: str) -> None:
        """A line of the timeline."""
        self.timeline.append(f"{clock(self.now - START)}  {text}")

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    @property
    def fingerprint(self) -> str:
        """A hash over all that happened."""
        return hashlib.sha256("\n".join(self.timeline).encode()).hexdigest()[:16]


def clock(seconds: float) -> str:
    """Seconds since the start as `h:mm:ss.mmm`."""
    whole, part = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:3}:{whole // 60 % 60:02}:{whole % 60:02}.{part:03}"
