"""A real node whose wall clock a file makes wrong: `python -m tests.faults.skewed_node FILE --config CONFIG`.

FILE holds the seconds by which it is later than the machine says; it is read at every look at the clock. What passes
(`elapsed`) is right, as on a machine whose clock somebody sets.
"""

import sys
from pathlib import Path

from node import __main__ as foreground
from node import clock, daemon

FILE = Path(sys.argv[1])


class SkewedClock(clock.SystemClock):
    def now(self) -> float:
        return super().now() + float(FILE.read_text())


if __name__ == "__main__":
    daemon.SystemClock = SkewedClock
    sys.exit(foreground.main(sys.argv[2:]))
