"""What was told stays told: for a while, though the node restarts and though the trouble comes and goes.

Kept is only until when each piece of news is silent. It is a short list of plain data, which the node commits before
it sends; so a crash between the two costs a notification and never doubles one.
"""

from collections.abc import Iterable
from typing import NamedTuple

KEPT = 2000  # pieces of news; beyond, those that would be silent for the shortest are forgotten
HOUR = 3600.0  # seconds
DAY = 24 * HOUR
ONCE = 30 * DAY  # of news that is about one issue
QUIET = HOUR  # after trouble has ended: when it comes back sooner, that is no news


class Key(NamedTuple):
    """What a piece of news is about."""

    repository: str  # lower case
    root: str  # empty: all of the repository
    reason: str  # name


Row = tuple[Key, float]  # until when it is silent, Unix seconds


class Latch:
    """Starts empty; `restore` what was kept."""

    def __init__(self) -> None:
        self._until: dict[Key, float] = {}
        self.changed = False  # whether there is something to be kept

    def restore(self, rows: Iterable[Row]) -> None:
        self._until = {**dict(rows), **self._until}

    def silent(self, key: Key, now: float) -> bool:
        return self._until.get(key, 0.0) > now

    def told(self, key: Key, now: float, again: float) -> None:
        """Be silent about `key` for `again` seconds."""
        self._until[key] = now + again
        self.changed = True

    def ended(self, key: Key, now: float) -> None:
        """What `key` is about is over: when it comes back, it is news after a little while."""
        if self._until.get(key, 0.0) > now + QUIET:
            self._until[key] = now + QUIET
            self.changed = True

    def keys(self) -> list[Key]:
        return list(self._until)

    def keep(self, now: float) -> list[Row]:
        """The rows to keep. What is silent no longer is let go of."""
        rows = sorted((row for row in self._until.items() if row[1] > now), key=lambda row: row[1])[-KEPT:]
        self._until = dict(rows)
        self.changed = False
        return rows
