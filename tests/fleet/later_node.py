"""A real node whose clock a file moves: `python -m tests.fleet.later_node FILE --config CONFIG`.

FILE holds the seconds by which it is later than the machine says; it is read at every look at the clock.
"""

import sys
from pathlib import Path

from node import __main__ as foreground
from node import clock, daemon

FILE = Path(sys.argv[1])


class LaterClock(clock.SystemClock):
    def now(self) -> float:
        return super().now() + float(FILE.read_text())

    def elapsed(self) -> float:
        return super().elapsed() + float(FILE.read_text())


if __name__ == "__main__":
    daemon.SystemClock = LaterClock
    sys.exit(foreground.main(sys.argv[2:]))
