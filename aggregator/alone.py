"""Own pages that no other node is known to have: what a node short of room must not let go of.

Two neighbours that found in a comparison that they agree have the same pages. So what changed before that comparison
was begun is elsewhere, too; what changed since may not be.
"""

from collections.abc import Iterable, Iterator

from aggregator.page import PageKey


class Alone:
    """Keys of own pages, and when they last changed, counted in changes."""

    def __init__(self) -> None:
        self._changes = 0
        self._since: dict[PageKey, int] = {}

    def changed(self, keys: Iterable[PageKey]) -> None:
        """These are of versions now that nobody else has heard of."""
        self._changes += 1
        self._since.update(dict.fromkeys(keys, self._changes))

    def mark(self) -> int:
        """Where a comparison begins."""
        return self._changes

    def agreed(self, mark: int) -> None:
        """A comparison that began at `mark` found that the other side has the same."""
        self._since = {key: change for key, change in self._since.items() if change > mark}

    def remove(self, keys: Iterable[PageKey]) -> None:
        """These are not kept any more."""
        for key in keys:
            self._since.pop(key, None)

    def __iter__(self) -> Iterator[PageKey]:
        return iter(self._since)
