"""What became of the records of this process. Read by `statistics()`."""

from __future__ import annotations

import threading

REASONS = 64  # distinct ones that are counted apart; the rest is "other"


class Counters:
    """Counts since the start of this process, or since its fork. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal handler may capture while its own thread counts
        self.captured = 0  # taken, or tried to be
        self.sent = 0  # written to the node's socket at least once
        self.acknowledged = 0  # settled and counted by the node
        self.spooled = 0  # written to disk
        self.refused: dict[str, int] = {}
        self.dropped: dict[str, int] = {}  # occurrences: a record may stand for many

    def add(self, name: str, count: int = 1) -> None:
        """Raise the counter `name`."""
        with self._lock:
            setattr(self, name, getattr(self, name) + count)

    def refuse(self, reason: str) -> None:
        """The node settled a record without counting it."""
        self._note(self.refused, reason)

    def drop(self, reason: str, count: int = 1) -> None:
        """`count` occurrences were lost in the client."""
        self._note(self.dropped, reason, count)

    def _note(self, table: dict[str, int], reason: str, count: int = 1) -> None:
        with self._lock:
            key = reason if reason in table or len(table) < REASONS else "other"
            table[key] = table.get(key, 0) + count

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """A copy."""
        with self._lock:
            counts: dict[str, int | dict[str, int]] = {
                "captured": self.captured,
                "sent": self.sent,
                "acknowledged": self.acknowledged,
                "spooled": self.spooled,
            }
            return {**counts, "refused": dict(self.refused), "dropped": dict(self.dropped)}
