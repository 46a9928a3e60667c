"""Should two open issues ever share one root, the lower number stays and the others are closed as its duplicates.

It can happen in three ways: a filer was frozen between its last check and its send for longer than the takeover age,
something between it and GitHub sent its request twice, or an operator ruled that two filed roots are one bug. Every
node sees the same list and picks the same number, so two sweepers agree. Where both are about one and the same root the
book is told which one stays: the error may never be seen again, and everybody would go on naming the other.
"""

from collections.abc import Callable

from aggregator.book import Fact, FactKey, Standing
from aggregator.filing.calls import Issue, Note, ReadIssue, Rejected, Steps, ask
from aggregator.filing.duplicate import close_as_duplicate
from aggregator.filing.listing import Found, Listing, read_found
from aggregator.filing.settings import Settings


def duplicates(listed: Listing, canonical: Callable[[str], str]) -> list[tuple[int, int]]:
    """(number to close, number to keep) of open issues about one root, ascending."""
    groups: dict[str, set[int]] = {}
    for root, every in listed.by_root.items():
        groups.setdefault(canonical(root), set()).update(found.issue.number for found in every if found.issue.open)
    return sorted((n, min(numbers)) for numbers in groups.values() for n in numbers if n != min(numbers))


def sweep(
    repository: str, listed: Listing, settings: Settings, canonical: Callable[[str], str], now: float
) -> Steps[int]:
    """Close what is double. Returns how many were closed. One that GitHub refuses to close holds up nothing else.

    `now`: Unix seconds.
    """
    closed = 0
    for number, kept in duplicates(listed, canonical):
        try:
            closed += yield from close(repository, number, kept, settings, now)
        except Rejected as failure:
            if failure.stops:
                raise
    return closed


def close(repository: str, number: int, kept: int, settings: Settings, now: float) -> Steps[bool]:
    """Close `number`, unless what is read now says otherwise."""
    ours = yield from ask(ReadIssue(repository, number))
    other = yield from ask(ReadIssue(repository, kept))
    if ours is None or other is None:
        return False
    double, stays = _standing(ours, repository, settings), _standing(other, repository, settings)
    if double is None or stays is None:
        return False
    if (double.root, double.generation) == (stays.root, stays.generation):
        fact = Fact(Standing.FILED, now, kept)
        yield from ask(Note(FactKey(repository, stays.root, stays.generation), fact))
    yield from close_as_duplicate(settings, ours, kept)
    return True


def _standing(issue: Issue, repository: str, settings: Settings) -> Found | None:
    """What its marker says; None: it is not open, not in its place any more, or not ours."""
    if not issue.open or issue.repository.lower() != repository.lower():
        return None
    return read_found(settings, issue)
