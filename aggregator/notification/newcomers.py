"""Errors that occurred for the first time, as far as this node knows.

What is known when telling begins, from the store, is no news. What comes while a node is settling in waits until it
has settled, for only then it is known what others had before: news is what occurred first since telling began, or was
counted by nobody but this run of this node (a program that crashed while the node was away); all else others have told.
Nor is news what was counted some time ago and comes only now, when a partition ends: it was news on the other side.
"""

from typing import NamedTuple

from aggregator.agenda import Knowledge
from aggregator.author import OVERFLOW
from aggregator.notification.event import BREAKER, FIRST
from aggregator.page import Origin
from aggregator.rulings import canonical

FRESH = 600.0  # seconds after the end of its window in which what was counted is still news
SLACK = 1000  # roots


class Newcomer(NamedTuple):
    kind: str
    root: str
    origins: frozenset[str]  # peer ids of the nodes that counted it


class Newcomers:
    """Ask again and again. `length`: of a window, in seconds; `me`: under what this run counts."""

    def __init__(self, known: Knowledge, length: int, me: Origin) -> None:
        self._known, self._length, self._me = known, length, me
        self._seen: set[str] | None = None
        self._held = set[str]()  # came while settling; a part of what is seen
        self._began = 0.0  # when telling began, Unix seconds
        self._settled = False  # when it was last asked

    def forget(self) -> None:
        """Nothing is told for now: what is known when telling begins again is no news then."""
        self._seen = None
        self._held.clear()

    def take(self, now: float, settled: bool) -> list[Newcomer]:
        """What is new since this was last called."""
        ledger = self._known.ledger
        roots = set(ledger.roots())
        if self._seen is None:
            self._seen, self._began, self._settled = roots, now, settled
            return []
        new = roots - self._seen
        self._seen |= new
        if not (settled and self._settled):  # the last that others had comes with what settles it
            self._held |= new
            new = set[str]()
        self._settled = settled
        if settled:
            new |= {root for root in self._held & roots if self._is_ours(root)}
            self._held.clear()
        if len(self._seen) > 2 * len(roots) + SLACK:  # what has left is known to the history
            self._seen = roots
        return [found for root in sorted(new) if (found := self._newcomer(root, now)) is not None]

    def _is_ours(self, root: str) -> bool:
        """Whether what came while this node settled can have been told by nobody else before."""
        ledger = self._known.ledger
        signatures = ledger.signatures_of(root)
        total = ledger.total(signatures)
        if total is None or total.first >= self._began:
            return total is not None
        return all(key.origin == self._me for signature in signatures for key in ledger.tallies(signature))

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
