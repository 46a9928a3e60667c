"""`python -m tests.soak MINUTES [DIRECTORY]`: prints the table as it grows; exit status 1 if something is not flat."""

import functools
import sys
import tempfile
from pathlib import Path

import trio

from tests.soak.run import soak


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory(prefix="soak-") as made:
        directory = Path(sys.argv[2] if len(sys.argv) > 2 else made)
        run = trio.run(soak, directory, minutes, ["alice", "bob"], functools.partial(print, flush=True))
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
