"""The two clocks of a node: wall time, for what is counted and shown, and elapsed time, which includes suspension.

Waits use trio's clock. A stage is given a `Clock`, so that a test decides what time it is.
"""

import time
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Wall time, Unix seconds. May step in either direction."""
        ...

    def elapsed(self) -> float:
        """Seconds since some fixed moment; never goes back, and goes on while the machine sleeps."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
