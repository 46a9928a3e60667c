"""What the node says about itself: events with key=value pairs, or JSON, on standard error.

Every event passes a redactor as the last line of defence: whatever a stage put into it by mistake, no secret gets out.
A warning or error that repeats is written once a minute, with the number of times that it was held back meanwhile, so
that a fault which lasts for hours does not bury what else happened. What answers somebody who asked (`asked=True`) is
written each time: who asks again waits for an answer.

What cannot be written (a full disk, a reader that has gone) is dropped: a node goes on without its log. The next line
that can be written says how many are missing.
"""

import logging
import os
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO, cast

import structlog

from node.clock import Clock

log = structlog.get_logger("node")

Event = MutableMapping[str, Any]
Redactor = Callable[[Any], Any]

QUIET = 60.0  # seconds in which a repeated warning or error is held back
REMEMBERED = 256  # different warnings and errors; beyond, the oldest is forgotten and would be written again
STANDARD_ERROR = 2  # the descriptor
LOUD = frozenset({"warning", "error", "critical", "exception"})


def configure(level: str, form: str, clock: Clock, redact: Redactor, stream: TextIO | None = None) -> None:
    """Set up structlog for the process. `level` and `form` as in the configuration."""
    output = Output()
    renderer = structlog.processors.JSONRenderer() if form == "json" else structlog.processors.LogfmtRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            Once(clock),
            Redact(redact),
            output.tell_lost,
            _leading,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream or cast("TextIO", output)),
        cache_logger_on_first_use=False,
    )


class Output:
    """As much of a text file as a logger needs, for a descriptor. Never raises; holds no more than one line."""

    def __init__(self, descriptor: int = STANDARD_ERROR) -> None:
        self.lost = 0  # lines since the last one that was written
        self._descriptor = descriptor
        self._line = ""

    def write(self, text: str) -> None:
        self._line += text

    def flush(self) -> None:
        line, self._line = self._line.encode(errors="replace"), ""
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError:
            self.lost += 1
        else:
            self.lost = 0

    def tell_lost(self, _logger: object, _method: str, event: Event) -> Event:
        if self.lost:
            event["lines_lost"] = self.lost
        return event


class Once:
    """Holds repeats back. What counts as a repeat: the same event with the same `reason` and `place`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str, str], tuple[float, int]] = {}

    def __call__(self, _logger: object, method: str, event: Event) -> Event:
        asked = event.pop("asked", False)
        if method not in LOUD or asked:
            return event
        key = (str(event.get("event")), str(event.get("reason")), str(event.get("place")))
        now = self._clock.elapsed()
        since, held = self._seen.get(key, (-QUIET, 0))
        if now - since < QUIET:
            self._seen[key] = since, held + 1
            raise structlog.DropEvent
        if len(self._seen) >= REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = now, 0
        if held:
            event["repeated"] = held
        return event


class Redact:
    """Passes every value, and the keys that name it, through the redactor."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    def __call__(self, _logger: object, _method: str, event: Event) -> Mapping[str, Any]:
        return {"event": "redacted", **self._redact(dict(event))}


def _leading(_logger: object, _method: str, event: Event) -> Event:
    """Time, level and event come first, so that lines are read down one column."""
    first = {key: event[key] for key in ("timestamp", "level", "event") if key in event}
    return {**first, **event}
