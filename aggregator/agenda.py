"""What a tick finds to do: which roots become due, and the runs that file and follow.

Being due is latched: the first time a root reaches its threshold, that is written to the book as *pending*, together
with the repository it goes to. From then on the book, not the counts, says that it is due, so nothing that leaves the
lookback, and no restart, can forget it.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from aggregator import rulings
from aggregator.book import Book, Fact, FactKey, Ruling, Standing
from aggregator.bundle import Policy, Verdict, bundle, filed_number, judge, signatures_of
from aggregator.filing.case import Case, Outcome
from aggregator.history import History
from aggregator.ledger import Ledger

SOONEST = 1.0  # seconds between two runs


class Latch(NamedTuple):
    """A root that has become due: what to commit to the book."""

    key: FactKey
    fact: Fact
    route: Ruling | None  # None where the root has its repository already


class Knowledge(NamedTuple):
    """All that a node knows and decides from."""

    ledger: Ledger
    history: History
    book: Book


def newly_due(known: Knowledge, roots: Iterable[str], policy: Policy, now: float, node: str) -> list[Latch]:
    """Which of these roots are due and not yet pending."""
    book = known.book
    out: list[Latch] = []
    for root in sorted({rulings.canonical(book, root) for root in roots}):
        verdict = judge(root, known.ledger, book, policy)
        if verdict.state != "due":
            continue
        key = FactKey(verdict.repository, root, rulings.generation(book, root))
        if book.fact(key) is None:
            route = None if book.value("route", root) else book.rule("route", root, verdict.repository, node)
            out.append(Latch(key, Fact(Standing.PENDING, now), route))
    return out


def pending(known: Knowledge, policy: Policy) -> list[tuple[FactKey, Verdict]]:
    """Every root that the book holds as due and not filed, with what is decided about it now."""
    book = known.book
    out: list[tuple[FactKey, Verdict]] = []
    for key, fact in book.facts():
        current = rulings.canonical(book, key.root) == key.root and rulings.generation(book, key.root) == key.generation
        if current and fact.standing is not Standing.FILED:
            verdict = judge(key.root, known.ledger, book, policy)
            if verdict.state != "filed":
                out.append((key, verdict))
    return out


def cases(
    known: Knowledge, changed: Iterable[str], policy: Policy, now: float, nonce: Callable[[], str], most: int
) -> dict[str, list[Case]]:
    """The cases of a tick by repository: the `most` urgent that are due, and those filed whose counts changed."""
    due = [key for key, verdict in pending(known, policy) if verdict.state == "due"]
    wanted = {(key.repository, key.root): 0 for key in sorted(due, key=lambda key: urgency(known, key))[:most]}
    for root in {rulings.canonical(known.book, root) for root in changed}:
        verdict = judge(root, known.ledger, known.book, policy)
        if verdict.state == "filed":
            wanted[verdict.repository, root] = filed_number(root, verdict.repository, known.book)
    out: dict[str, list[Case]] = {}
    for (repository, root), number in wanted.items():
        case = case_of(known, root, repository, number, now, nonce())
        if case is not None:
            out.setdefault(repository, []).append(case)
    return out


def urgency(known: Knowledge, key: FactKey) -> tuple[int, float, str]:
    """Ascending: the worst first, then what has waited longest."""
    signatures = signatures_of(key.root, known.ledger, known.book)
    total = known.ledger.total(signatures) or known.history.total(known.history.signatures_of(key.root))
    fact = known.book.fact(key)
    return -total.severity if total else 0, fact.since if fact else 0.0, key.root


def case_of(known: Knowledge, root: str, repository: str, number: int, now: float, nonce: str) -> Case | None:
    """One case; None where nothing is known any more that an issue could say."""
    made = bundle(root, repository, known.ledger, known.history, known.book, now)
    if made is None:
        return None
    before = known.book.fact(FactKey(repository, root, made.generation - 1)) if made.generation else None
    return Case(made, now, nonce, number=number, previous=before.number if before else 0)


def next_run(outcomes: Iterable[Outcome], now: float, interval: float) -> float:
    """When to run again (Unix seconds): at the next aligned tick, or earlier where an outcome asks for it."""
    tick = (now // interval + 1) * interval
    return min([tick, *(now + max(o.again, SOONEST) for o in outcomes if o.again)])
