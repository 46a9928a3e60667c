"""Errors that occurred for the first time, as far as this node knows.

What is known when telling begins is no news, nor is what a node that is settling in hears of: others have told it. Nor
is what was counted some time ago and comes only now, when a partition ends: it was news on the other side.
"""

from typing import NamedTuple

from aggregator.agenda import Knowledge
from aggregator.author import OVERFLOW
from aggregator.notification.event import BREAKER, FIRST
from aggregator.rulings import canonical

FRESH = 600.0  # seconds after the end of its window in which what was counted is still news
SLACK = 1000  # roots


class Newcomer(NamedTuple):
    kind: str
    root: str
    origins: frozenset[str]  # peer ids of the nodes that counted it


class Newcomers:
    """Ask again and again. `length`: of a window, in seconds."""

    def __init__(self, known: Knowledge, length: int) -> None:
        self._known, self._length = known, length
        self._seen: set[str] | None = None

    def forget(self) -> None:
        """Nothing is told for now: what is known when telling begins again is no news then."""
        self._seen = None

    def take(self, now: float, settled: bool) -> list[Newcomer]:
        """What is new since this was last called."""
        ledger = self._known.ledger
        roots = set(ledger.roots())
        if self._seen is None or not settled:
            self._seen = roots
            return []
        new = roots - self._seen
        self._seen |= new
        if len(self._seen) > 2 * len(roots) + SLACK:  # what has left is known to the history
            self._seen = roots
        return [found for root in sorted(new) if (found := self._newcomer(root, now)) is not None]

    def _newcomer(self, root: str, now: float) -> Newcomer | None:
        ledger, history, book = self._known
        if history.signatures_of(root) or canonical(book, root) != root:
            return None
        pages = [key for signature in ledger.signatures_of(root) for key in ledger.tallies(signature)]
        first = min((key.window for key in pages), default=0)
        if now > first + self._length + FRESH:
            return None
        kind = BREAKER if root.startswith(OVERFLOW) else FIRST
        return Newcomer(kind, root, frozenset(key.origin.peer for key in pages))
