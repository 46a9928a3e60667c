"""One error on its way from the thread that had it to the sender thread."""

from __future__ import annotations

import threading

from aggregator import limits
from aggregator.client.text import exact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from aggregator.client.logring import Line
    from aggregator.client.snapshot import Taken


class Answer:
    """What the node said about one record. `wait` for it, bounded."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self.accepted = False  # on the node's disk and counted
        self.signature = ""
        self.issue = ""  # URL; empty while there is none

    def give(self, accepted: bool, known: Mapping[str, Any] | None = None) -> None:
        """Settle it."""
        self.accepted = accepted
        self.signature = exact((known or {}).get("signature"), limits.NAME_CHARS)
        self.issue = exact((known or {}).get("issue"), limits.NAME_CHARS)
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether the record was accepted within `seconds`."""
        return self._done.wait(seconds) and self.accepted


def occurrences(given: object) -> int:
    """A count that was given, as far as it is one. Runs nothing of the caller's."""
    return max(1, min(given, limits.COUNT)) if type(given) is int else 1


class Capture:
    """Everything that was taken in the caller; references only, no formatted text."""

    __slots__ = (
        "answer", "chain", "context", "count", "ended", "fingerprint", "handled", "id", "logs", "message", "release",
        "service", "severity", "thread", "time", "type",
    )  # fmt: skip

    def __init__(self, id: str, time: float, thread: str, message: str, type: str) -> None:
        self.id = id
        self.time = time  # Unix seconds
        self.thread = thread
        self.message = message
        self.type = type
        self.chain: list[Taken] = []
        self.logs: Sequence[Line | str] = ()
        self.context: Mapping[str, object] | None = None
        self.severity: str | None = None
        self.fingerprint: Sequence[str] | None = None
        self.service: str | None = None
        self.release: str | None = None
        self.handled = False
        self.ended = False
        self.count = 1
        self.answer: Answer | None = None  # somebody waits for what the node says

    def occurrences(self) -> int:
        """What it stands for, whatever the caller gave."""
        return occurrences(self.count)

    def size(self) -> int:
        """A rough number of bytes that this holds while it waits."""
        frames = sum(len(taken.frames) for taken in self.chain)
        return 1_000 + len(self.message) + 120 * frames + 200 * len(self.context or ())
