"""The last log lines of this process.

They are seen through the record factory, not through a handler on the root logger: a handler there would turn the
program's own `logging.basicConfig()` into nothing and silence the last-resort output. A line's text is made at once,
as its arguments may change or be large; it is put into its final form and redacted once, when a record first needs it.
"""

from __future__ import annotations

import logging
from collections import deque

from aggregator import limits
from aggregator.client.text import exact, shown

TAKEN_CHARS = limits.LOG_LINE_CHARS + 512  # more than is sent: redaction sees whole words at the cut


class Line:
    """One line as it was logged. `final` is the redacted text, once somebody made it."""

    __slots__ = ("final", "level", "logger", "text", "time")

    def __init__(self, record: logging.LogRecord) -> None:
        self.time = record.created  # Unix seconds
        self.level = record.levelname
        self.logger = record.name
        self.text = _text(record)
        self.final: str | None = None


class LogRing:
    """A bounded ring: the oldest line makes room for the newest. Safe from any thread, signal handler or `__del__`."""

    def __init__(self, lines: int) -> None:
        self._ring: deque[Line] = deque(maxlen=lines)

    def add(self, record: logging.LogRecord) -> None:
        """Keep the record's line."""
        if self._ring.maxlen:
            self._ring.append(Line(record))

    def last(self) -> tuple[Line, ...]:
        """The lines, oldest first."""
        return tuple(self._ring)

    def resize(self, lines: int) -> None:
        """Keep `lines` lines from now on."""
        if lines != self._ring.maxlen:
            self._ring = deque(self._ring, maxlen=lines)

    def clear(self) -> None:
        """Forget all lines: a forked child reports its own."""
        self._ring.clear()


def _text(record: logging.LogRecord) -> str:
    try:
        return exact(record.getMessage(), TAKEN_CHARS)
    except Exception:  # bad arguments: logging itself prints this only where a handler formats it
        return f"{shown(record.msg, 200)} <with arguments that do not fit>"
