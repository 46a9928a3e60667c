"""What is due, and what one issue will be about.

A root is due when its occurrences within the lookback reach its threshold. From then on the book holds it as pending,
and it stays due until it is filed, muted or dropped, even when all that was counted has left the lookback: then the
history speaks. Signatures that only look related are named in each other's issue; to join them is an operator's ruling.
"""

import heapq
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from aggregator import limits, rulings
from aggregator.author import OVERFLOW
from aggregator.book import Book, FactKey, Standing
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.reason import Reason
from aggregator.tally import Total

RELATED = 10  # other roots that an issue names at most


class Policy(msgspec.Struct, frozen=True):
    """What the configuration says about being due."""

    threshold: int = 3
    by_severity: Mapping[str, int] = {}
    by_service: Mapping[str, int] = {}
    repository: str = ""  # for services without a route; empty: they are not filed
    routes: Mapping[str, str] = {}  # service -> repository


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


class Verdict(NamedTuple):
    """What is decided about one root, and why."""

    state: str  # new, due, waiting, filed, muted, refused
    reason: Reason
    repository: str = ""


def threshold_for(total: Total, policy: Policy) -> int:
    """The lowest threshold that applies: its severity's own, or its services' own, else the general one."""
    own = [
        policy.by_service.get(service, policy.threshold) for service in total.services if service in policy.by_service
    ]
    severity = limits.SEVERITIES[total.severity]
    if severity in policy.by_severity:
        own.append(policy.by_severity[severity])
    return max(1, min(own, default=policy.threshold))


def route_for(total: Total, policy: Policy) -> str:
    """The repository of the service that counted most (ties by name), else the general one."""
    services = sorted(total.services, key=lambda name: (-total.services[name], name))
    return next((policy.routes[s] for s in services if s in policy.routes), policy.repository)


def signatures_of(root: str, ledger: Ledger, book: Book) -> tuple[str, ...]:
    """All signatures that one issue about `root` speaks of: its own, and those joined to it by ruling."""
    return tuple(sorted(s for each in rulings.joined(book, root) for s in ledger.signatures_of(each)))


def judge(root: str, ledger: Ledger, book: Book, policy: Policy) -> Verdict:
    """What is to be done about a canonical root, as far as counts and book tell."""
    if root.startswith(OVERFLOW):
        return Verdict("new", Reason.OVERFLOW)
    signatures = signatures_of(root, ledger, book)
    total = ledger.total(signatures)
    repository = repository_of(root, total, book, policy)
    never = book.value("never", root)
    if never:
        return Verdict("refused", Reason[never] if never in Reason.__members__ else Reason.DROPPED, repository)
    if rulings.muted(book, root, busiest_window(signatures, ledger), frozenset(total.releases if total else ())):
        return Verdict("muted", Reason.MUTED, repository)
    if filed_number(root, repository, book):
        return Verdict("filed", Reason.UP_TO_DATE, repository)
    needed = threshold_for(total, policy) if total else 1
    enough = total is not None and total.count >= needed
    refiled = rulings.generation(book, root) > 0  # raised so that it is filed anew, however often it occurs
    if not (enough or refiled or due_since(root, repository, book) is not None):
        return Verdict("new", Reason.BELOW_THRESHOLD, repository)
    dropped_at = book.value("drop", root)
    if dropped_at and occurrences_since(dropped_at, signatures, ledger) < needed:
        return Verdict("refused", Reason.DROPPED, repository)
    if not repository:
        return Verdict("refused", Reason.NO_ROUTE)
    return Verdict("due", Reason.DUE, repository)


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


def repository_of(root: str, total: Total | None, book: Book, policy: Policy) -> str:
    """Where a canonical root is filed: its own route, else that of a root joined with it, else the configured one."""
    roots = (root, *sorted(rulings.joined(book, root)))
    written = next((route for each in roots if (route := book.value("route", each))), "")
    return written or (route_for(total, policy) if total else policy.repository)


def due_since(root: str, repository: str, book: Book) -> float | None:
    """When a canonical root, or one joined with it, became due (Unix seconds); None where none waits to be filed."""
    keys = (
        FactKey(book.value("route", each) or repository, each, rulings.generation(book, each))
        for each in rulings.joined(book, root)
    )
    facts = (book.fact(key) for key in keys)
    return min((fact.since for fact in facts if fact and fact.standing is not Standing.FILED), default=None)


def filed_number(root: str, repository: str, book: Book) -> int:
    """The lowest issue number of a canonical root and all that are joined with it; 0 where none is filed."""
    facts = (
        book.fact(FactKey(repository, each, rulings.generation(book, each))) for each in rulings.joined(book, root)
    )
    return min((f.number for f in facts if f and f.standing is Standing.FILED), default=0)


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


def occurrences_since(moment: float, signatures: tuple[str, ...], ledger: Ledger) -> int:
    """Occurrences in windows that started after `moment`."""
    return sum(t.count for s in signatures for key, t in ledger.tallies(s).items() if key.window > moment)


def latest(signatures: tuple[str, ...], ledger: Ledger) -> tuple[Sighting, ...]:
    """The five tallies that were seen last."""
    every = (
        Sighting(tally.last, key.origin.peer, tally.count)
        for signature in signatures
        for key, tally in ledger.tallies(signature).items()
    )
    return tuple(heapq.nlargest(5, every))


def busiest_window(signatures: tuple[str, ...], ledger: Ledger) -> int:
    """The most occurrences in any one window, over all origins."""
    windows: dict[int, int] = {}
    for signature in signatures:
        for key, tally in ledger.tallies(signature).items():
            windows[key.window] = windows.get(key.window, 0) + tally.count
    return max(windows.values(), default=0)
