"""What a tick finds to do: which roots become due, and the runs that file and follow.

Being due is latched: the first time a root reaches its threshold, that is written to the book as *pending*, together
with the repository it goes to. From then on the book, not the counts, says that it is due, so nothing that leaves the
lookback, and no restart, can forget it.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from typing import NamedTuple

from aggregator import rulings
from aggregator.book import Book, Fact, FactKey, Ruling, Standing
from aggregator.bundle import bundle, known_total
from aggregator.due import Policy, Verdict, due_since, filed_number, judge
from aggregator.filing.case import Case, Outcome
from aggregator.history import History
from aggregator.ledger import Ledger

SOONEST = 1.0  # seconds between two runs


class Latch(NamedTuple):
    """A root that has become due: what to commit to the book."""

    key: FactKey
    fact: Fact
    rulings: tuple[Ruling, ...]  # its route, where it has none yet, and its other name under an earlier version


class Wanted(NamedTuple):
    """A root of which a case is to be made."""

    repository: str
    root: str
    number: int  # of its issue; 0: it has none


class Knowledge(NamedTuple):
    """All that a node knows and decides from."""

    ledger: Ledger
    history: History
    book: Book


def take_changed(known: Knowledge) -> set[str]:
    """The roots that were counted or ruled on since this was last called: only about these is there news."""
    known.book.renamed(known.ledger.former)
    return known.ledger.roots_with(known.ledger.take_changed()) | known.book.take_changed()


def newly_due(known: Knowledge, roots: Iterable[str], policy: Policy, now: float, node: str) -> list[Latch]:
    """Which of these roots are due and not yet pending."""
    book = known.book
    out: list[Latch] = []
    for root in sorted({rulings.canonical(book, root) for root in roots}):
        verdict = judge(root, known.ledger, book, policy)
        if verdict.state != "due":
            continue
        key = FactKey(verdict.repository, root, rulings.generation(book, root))
        if due_since(root, verdict.repository, book) is None:
            route = [] if book.value("route", root) else [book.rule("route", root, verdict.repository, node)]
            out.append(Latch(key, Fact(Standing.PENDING, now), (*route, *other_names(book, root, node))))
    return out


def other_names(book: Book, root: str, node: str) -> list[Ruling]:
    """That this root and another are one bug because the version of the signature changed, as rulings that stay."""
    pairs = [rulings.edge(new, old) for new, old in book.former.items() if root in (new, old)]
    return [book.rule("edge", pair, True, node) for pair in pairs if not book.ruled("edge", pair)]


def pending(known: Knowledge, policy: Policy) -> list[tuple[FactKey, Verdict]]:
    """Every root that the book holds as due and not filed, with what is decided about it now.

    A root that was joined with another waits under the canonical name.
    """
    book = known.book
    out: dict[FactKey, Verdict] = {}
    for key, fact in book.facts():
        if fact.standing is Standing.FILED or rulings.generation(book, key.root) != key.generation:
            continue
        root = rulings.canonical(book, key.root)
        verdict = judge(root, known.ledger, book, policy)
        if verdict.state != "filed":
            out[FactKey(verdict.repository or key.repository, root, rulings.generation(book, root))] = verdict
    return list(out.items())


def cases(
    known: Knowledge,
    changed: Iterable[str],
    policy: Policy,
    now: float,
    nonce: Callable[[], str],
    most: int,
    refused: Container[str] = (),
) -> dict[str, list[Case]]:
    """The cases of a tick by repository: of each the `most` urgent that are due, and what is filed and has news.

    `refused`: roots that GitHub refused at the last run. They go last, or else a few of them could hold up all others.
    A repository with issues of ours has an entry even without cases: its run mends what is double.
    """
    out: dict[str, list[Case]] = {
        key.repository: [] for key, fact in known.book.facts() if fact.standing is not Standing.PENDING
    }
    for repository, root, number in [*most_urgent(known, policy, most, refused), *filed_of(known, changed, policy)]:
        case = case_of(known, root, repository, number, now, nonce())
        if case is not None:
            out.setdefault(repository, []).append(case)
    return out


def most_urgent(known: Knowledge, policy: Policy, most: int, refused: Container[str]) -> list[Wanted]:
    """Of each repository the `most` urgent that are due: one repository's backlog does not hold up another."""
    due = [key for key, verdict in pending(known, policy) if verdict.state == "due"]
    ranked = sorted((key.root in refused, rank, key) for key in due if (rank := urgency(known, key)))
    taken: Counter[str] = Counter()
    out: list[Wanted] = []
    for _, _, key in ranked:
        taken[key.repository] += 1
        if taken[key.repository] <= most:
            out.append(Wanted(key.repository, key.root, 0))
    return out


def filed_of(known: Knowledge, roots: Iterable[str], policy: Policy) -> list[Wanted]:
    """Those of these roots that are filed, with the number of their issue."""
    out: list[Wanted] = []
    for root in sorted({rulings.canonical(known.book, root) for root in roots}):
        verdict = judge(root, known.ledger, known.book, policy)
        if verdict.state == "filed":
            out.append(Wanted(verdict.repository, root, filed_number(root, verdict.repository, known.book)))
    return out


def urgency(known: Knowledge, key: FactKey) -> tuple[int, float, str] | None:
    """Ascending: the worst first, then what has waited longest. None: nothing is known any more to file."""
    total = known_total(key.root, *known)
    since = due_since(key.root, key.repository, known.book)
    return (-total.severity, since or 0.0, key.root) if total else None


def case_of(known: Knowledge, root: str, repository: str, number: int, now: float, nonce: str) -> Case | None:
    """One case; None where nothing is known any more that an issue could say."""
    made = bundle(root, repository, known.ledger, known.history, known.book, now)
    if made is None:
        return None
    before = (known.book.fact(FactKey(repository, each, made.generation_of(each) - 1)) for each in made.roots)
    previous = min((fact.number for fact in before if fact and fact.number), default=0)
    return Case(made, now, nonce, number=number, previous=previous)


def unsettled(outcomes: Iterable[Outcome]) -> set[str]:
    """The roots that a later run must look at again even if nothing more is heard of them."""
    return {each.root for each in outcomes if each.again or each.state == "waiting"}


def next_run(outcomes: Iterable[Outcome], now: float, interval: float) -> float:
    """When to run again (Unix seconds): at the next aligned tick, or earlier where an outcome asks for it."""
    tick = (now // interval + 1) * interval
    return min([tick, *(now + max(o.again, SOONEST) for o in outcomes if o.again)])
