"""Should two open issues ever share one root, the lower number stays and the others are closed as its duplicates.

It can happen in two ways: a filer was frozen between its last check and its send for longer than the takeover age, or
an operator ruled that two filed roots are one bug. Every node sees the same list and picks the same number, so two
sweepers agree.
"""

from collections.abc import Callable, Iterable

from aggregator import render
from aggregator.filing.calls import EditIssue, Issue, ReadIssue, Steps, ask
from aggregator.filing.comment import comment_once
from aggregator.filing.marker import read_issue_marker
from aggregator.filing.settings import Settings


def duplicates(listed: Iterable[Issue], settings: Settings, canonical: Callable[[str], str]) -> list[tuple[int, int]]:
    """(number to close, number to keep) of open issues about one root, ascending."""
    groups: dict[str, list[int]] = {}
    for issue in listed:
        marker = read_issue_marker(settings.marker_key, issue.body) if issue.open else None
        if marker is not None:
            groups.setdefault(canonical(marker[0]), []).append(issue.number)
    return sorted((n, min(numbers)) for numbers in groups.values() for n in numbers if n != min(numbers))


def sweep(
    repository: str, listed: tuple[Issue, ...], settings: Settings, canonical: Callable[[str], str]
) -> Steps[int]:
    """Close what is double, after reading both once more. Returns how many were closed."""
    closed = 0
    for number, kept in duplicates(listed, settings, canonical):
        ours = yield from ask(ReadIssue(repository, number))
        other = yield from ask(ReadIssue(repository, kept))
        if ours is None or other is None or not ours.open or not other.open:
            continue
        text = render.duplicate_comment(settings, kept)
        yield from comment_once(settings, repository, number, f"duplicate-{kept}", text)
        yield from ask(EditIssue(repository, number, open=False, state_reason="duplicate", duplicate_of=kept))
        closed += 1
    return closed
