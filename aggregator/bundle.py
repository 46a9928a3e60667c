"""A root that is due, with all that its one issue will say.

Signatures that only look related are named in each other's issue; to join them is an operator's ruling. When all that
was counted has left the lookback, the history speaks.
"""

import heapq
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from aggregator import rulings
from aggregator.book import Book, FactKey
from aggregator.due import due_since, filed_number, signatures_of
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.tally import Total

RELATED = 10  # other roots that an issue names at most


class Related(NamedTuple):
    """Another root with the same type and place but another message."""

    root: str
    title: str
    occurrences: int
    number: int  # of its issue, 0 if it has none


class Sighting(NamedTuple):
    """What one node counted in one window."""

    at: float  # Unix seconds: the last occurrence
    peer: str
    occurrences: int


class Bundle(msgspec.Struct, frozen=True):
    """One root that is due, with all that its issue will say."""

    root: str  # canonical
    roots: frozenset[str]  # all that are joined with it by ruling, itself included
    repository: str
    generation: int
    since: float  # Unix seconds: when it became due
    signatures: tuple[str, ...]
    total: Total  # within the lookback, or what the history kept of it
    count_ever: int  # with the history, as far as this node knows
    related: tuple[Related, ...] = ()
    sightings: tuple[Sighting, ...] = ()  # the latest, newest first
    generations: Mapping[str, int] = {}  # of the roots that are joined with it, where above 0

    @property
    def key(self) -> FactKey:
        return FactKey(self.repository, self.root, self.generation)

    def generation_of(self, root: str) -> int:
        """The current generation of one of `roots`."""
        return self.generation if root == self.root else self.generations.get(root, 0)

    def urgency(self) -> tuple[int, float, str]:
        """Ascending: the worst first, then what has waited longest."""
        return -self.total.severity, self.since, self.root


def bundle(root: str, repository: str, ledger: Ledger, history: History, book: Book, now: float) -> Bundle | None:
    """The bundle of a root that is due or filed; None when neither ledger nor history knows it any more."""
    total = known_total(root, ledger, history, book)
    if total is None:
        return None
    signatures = signatures_of(root, ledger, book) or remembered(root, history, book)
    ever = (ledger.total(signatures), history.total(signatures))
    since = due_since(root, repository, book)
    return Bundle(
        root=root,
        roots=rulings.joined(book, root),
        repository=repository,
        generation=rulings.generation(book, root),
        since=now if since is None else since,
        signatures=signatures,
        total=total,
        count_ever=sum(t.count for t in ever if t),
        related=related_to(root, total, ledger, book, repository),
        sightings=latest(signatures, ledger),
        generations={each: g for each in rulings.joined(book, root) if (g := rulings.generation(book, each))},
    )


def known_total(root: str, ledger: Ledger, history: History, book: Book) -> Total | None:
    """What was counted of a canonical root within the lookback, else what the history kept; None of nothing."""
    now = ledger.total(signatures_of(root, ledger, book))
    return now or history.total(remembered(root, history, book))


def remembered(root: str, history: History, book: Book) -> tuple[str, ...]:
    """The signatures of a canonical root, and of those joined with it, that the history knows."""
    return tuple(sorted(s for each in rulings.joined(book, root) for s in history.signatures_of(each)))


def related_to(root: str, total: Total, ledger: Ledger, book: Book, repository: str) -> tuple[Related, ...]:
    """Up to ten other roots of the same kin, the most frequent first."""
    if not total.kin:
        return ()
    others = ledger.roots_of_kin(total.kin) - rulings.joined(book, root)
    counts = {other: sum(ledger.count(s) for s in ledger.signatures_of(other)) for other in others}
    first = sorted(others, key=lambda other: (-counts[other], other))[:RELATED]
    return tuple(
        Related(other, theirs.title, theirs.count, filed_number(other, repository, book))
        for other in first
        if (theirs := ledger.total(ledger.signatures_of(other)))
    )


def latest(signatures: tuple[str, ...], ledger: Ledger) -> tuple[Sighting, ...]:
    """The five tallies that were seen last."""
    every = (
        Sighting(tally.last, key.origin.peer, tally.count)
        for signature in signatures
        for key, tally in ledger.tallies(signature).items()
    )
    return tuple(heapq.nlargest(5, every))
