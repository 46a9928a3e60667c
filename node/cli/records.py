"""Records as JSON lines on standard input: read one by one, so that there may be any number of them."""

import sys
from collections.abc import Iterator

from aggregator import limits
from aggregator.record import BadRecord, ErrorRecord, decode

LINE_BYTES = 4 * limits.FRAME_BYTES  # JSON is longer than what a node takes


def records() -> Iterator[ErrorRecord | BadRecord]:
    """The record of each line that is not blank, or why it is none."""
    for line in iter(lambda: sys.stdin.buffer.readline(LINE_BYTES), b""):
        if line.strip():
            try:
                yield decode(line.strip(), json=True)
            except BadRecord as error:
                yield error
