"""What is due: how often an error has occurred, against what was configured and ruled.

A root is due when its occurrences within the lookback reach its threshold. From then on the book holds it as pending,
and it stays due until it is filed, muted or dropped, even when all that was counted has left the lookback. A root that
was refiled is due however often it occurs.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from aggregator import limits, rulings
from aggregator.author import OVERFLOW
from aggregator.book import Book, FactKey, Standing
from aggregator.ledger import Ledger
from aggregator.reason import Reason
from aggregator.tally import Total


class Policy(msgspec.Struct, frozen=True):
    """What the configuration says about being due."""

    threshold: int = 3
    by_severity: Mapping[str, int] = {}
    by_service: Mapping[str, int] = {}
    repository: str = ""  # for services without a route; empty: they are not filed
    routes: Mapping[str, str] = {}  # service -> repository


class Verdict(NamedTuple):
    """What is decided about one root, and why."""

    state: str  # new, due, waiting, filed, muted, refused
    reason: Reason
    repository: str = ""


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


def threshold_for(total: Total, policy: Policy) -> int:
    """The lowest threshold that applies: its severity's own, or its services' own, else the general one."""
    own = [
        policy.by_service.get(service, policy.threshold) for service in total.services if service in policy.by_service
    ]
    severity = limits.SEVERITIES[total.severity]
    if severity in policy.by_severity:
        own.append(policy.by_severity[severity])
    return max(1, min(own, default=policy.threshold))


def repository_of(root: str, total: Total | None, book: Book, policy: Policy) -> str:
    """Where a canonical root is filed: its own route, else that of a root joined with it, else the configured one."""
    roots = (root, *sorted(rulings.joined(book, root)))
    written = next((route for each in roots if (route := book.value("route", each))), "")
    return written or (route_for(total, policy) if total else policy.repository)


def route_for(total: Total, policy: Policy) -> str:
    """The repository of the service that counted most (ties by name), else the general one."""
    services = sorted(total.services, key=lambda name: (-total.services[name], name))
    return next((policy.routes[s] for s in services if s in policy.routes), policy.repository)


def signatures_of(root: str, ledger: Ledger, book: Book) -> tuple[str, ...]:
    """All signatures that one issue about `root` speaks of: its own, and those joined to it by ruling."""
    return tuple(sorted(s for each in rulings.joined(book, root) for s in ledger.signatures_of(each)))


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


def occurrences_since(moment: float, signatures: tuple[str, ...], ledger: Ledger) -> int:
    """Occurrences in windows that started after `moment`."""
    return sum(t.count for s in signatures for key, t in ledger.tallies(s).items() if key.window > moment)


def busiest_window(signatures: tuple[str, ...], ledger: Ledger) -> int:
    """The most occurrences in any one window, over all origins."""
    windows: dict[int, int] = {}
    for signature in signatures:
        for key, tally in ledger.tallies(signature).items():
            windows[key.window] = windows.get(key.window, 0) + tally.count
    return max(windows.values(), default=0)
