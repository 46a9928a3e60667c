"""Should two open issues ever share one root, the lower number stays and the others are closed as its duplicates.

It can happen in two ways: a filer was frozen between its last check and its send for longer than the takeover age, or
an operator ruled that two filed roots are one bug. Every node sees the same list and picks the same number, so two
sweepers agree.
"""

from collections.abc import Callable

from aggregator.filing.calls import Issue, ReadIssue, Rejected, Steps, ask
from aggregator.filing.duplicate import close_as_duplicate
from aggregator.filing.listing import Listing, read_found
from aggregator.filing.settings import Settings


def duplicates(listed: Listing, canonical: Callable[[str], str]) -> list[tuple[int, int]]:
    """(number to close, number to keep) of open issues about one root, ascending."""
    groups: dict[str, set[int]] = {}
    for root, every in listed.by_root.items():
        groups.setdefault(canonical(root), set()).update(found.issue.number for found in every if found.issue.open)
    return sorted((n, min(numbers)) for numbers in groups.values() for n in numbers if n != min(numbers))


def sweep(repository: str, listed: Listing, settings: Settings, canonical: Callable[[str], str]) -> Steps[int]:
    """Close what is double. Returns how many were closed. One that GitHub refuses to close holds up nothing else."""
    closed = 0
    for number, kept in duplicates(listed, canonical):
        try:
            closed += yield from close(repository, number, kept, settings)
        except Rejected as failure:
            if failure.stops:
                raise
    return closed


def close(repository: str, number: int, kept: int, settings: Settings) -> Steps[bool]:
    """Close `number`, unless what is read now says otherwise."""
    ours = yield from ask(ReadIssue(repository, number))
    other = yield from ask(ReadIssue(repository, kept))
    if ours is None or other is None or not all(_stands(each, repository, settings) for each in (ours, other)):
        return False
    yield from close_as_duplicate(settings, ours, kept)
    return True


def _stands(issue: Issue, repository: str, settings: Settings) -> bool:
    """Whether it is open, still in its place, and still ours."""
    return issue.open and issue.repository.lower() == repository.lower() and read_found(settings, issue) is not None
