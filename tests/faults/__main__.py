"""`python -m tests.faults [--faults kill,claims-1] [--rounds N] [--jobs N] [--seed N]`: exit 1 where a promise broke.

Progress is printed while it runs, a table at the end, also when it is interrupted.
"""

import signal
import sys

from tests.faults import options
from tests.faults.group import INTERRUPTED, run_group
from tests.faults.run import run_all


def main() -> int:
    """SIGINT and SIGTERM end it with what is known so far, and end what it started."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    asked = options.read(sys.argv[1:])
    try:
        return run_group(asked) if asked.group else run_all(asked)
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
