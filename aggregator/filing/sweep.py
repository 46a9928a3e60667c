"""Should two open issues ever share one root, the lower number stays and the others are closed as its duplicates.

It can happen in two ways: a filer was frozen between its last check and its send for longer than the takeover age, or
an operator ruled that two filed roots are one bug. Every node sees the same list and picks the same number, so two
sweepers agree.
"""

from collections.abc import Callable

from aggregator import comments
from aggregator.filing.calls import EditIssue, ReadIssue, Steps, ask
from aggregator.filing.comment import comment_once
from aggregator.filing.listing import Listing
from aggregator.filing.settings import Settings


def duplicates(listed: Listing, canonical: Callable[[str], str]) -> list[tuple[int, int]]:
    """(number to close, number to keep) of open issues about one root, ascending."""
    groups: dict[str, set[int]] = {}
    for root, issues in listed.by_root.items():
        groups.setdefault(canonical(root), set()).update(issue.number for _, issue in issues if issue.open)
    return sorted((n, min(numbers)) for numbers in groups.values() for n in numbers if n != min(numbers))


def sweep(repository: str, listed: Listing, settings: Settings, canonical: Callable[[str], str]) -> Steps[int]:
    """Close what is double, after reading both once more. Returns how many were closed."""
    closed = 0
    for number, kept in duplicates(listed, canonical):
        ours = yield from ask(ReadIssue(repository, number))
        other = yield from ask(ReadIssue(repository, kept))
        if ours is None or other is None or not ours.open or not other.open:
            continue
        text = comments.duplicate_comment(settings, kept)
        yield from comment_once(settings, repository, number, f"duplicate-{kept}", text)
        yield from ask(EditIssue(repository, number, open=False, state_reason="duplicate", duplicate_of=kept))
        closed += 1
    return closed
