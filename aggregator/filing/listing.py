"""GitHub's own list of our issues, read once: by number, and by the root that each one's genuine marker names."""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.filing.calls import Issue, ListIssues, Steps, ask
from aggregator.filing.case import Case
from aggregator.filing.marker import read_issue_marker
from aggregator.filing.settings import Settings


class Found(NamedTuple):
    """An issue of ours, and what its marker says."""

    issue: Issue
    root: str
    generation: int


class Listing:
    """One answer of the list, indexed. Issues without a genuine marker are only found by number."""

    def __init__(self, issues: Iterable[Issue], settings: Settings) -> None:
        self.by_number: dict[int, Issue] = {}
        self.by_root: dict[str, list[Found]] = {}
        for issue in issues:
            self.by_number[issue.number] = issue
            found = read_found(settings, issue)
            if found is not None:
                self.by_root.setdefault(found.root, []).append(found)

    def find(self, case: Case) -> Found | None:
        """The issue of this root, or of one joined with it: no earlier generation than the case's.

        The latest generation goes first (others may have heard of a refiling before us), then the lowest number.
        """
        ours = [found for root in case.bundle.roots for found in self.by_root.get(root, []) if is_about(case, found)]
        return min(ours, key=lambda found: (_age(case, found), found.issue.number), default=None)


def read_found(settings: Settings, issue: Issue) -> Found | None:
    """The issue with what its genuine marker says; None where it has none.

    The repository that the marker names is not compared: a repository may be renamed, an issue moved with its marker.
    """
    marker = read_issue_marker(settings.marker_key, issue.body)
    return Found(issue, *marker) if marker else None


def is_about(case: Case, found: Found | None) -> bool:
    """Whether an issue is what the case is about: its own root or one joined with it, no earlier generation."""
    bundle = case.bundle
    return found is not None and found.root in bundle.roots and found.generation >= bundle.generation_of(found.root)


def _age(case: Case, found: Found) -> int:
    """In generations: 0 is the case's own, below that are later ones."""
    return case.bundle.generation_of(found.root) - found.generation


def look(case: Case, settings: Settings) -> Steps[Found | None]:
    """The issue of this root, in the list as GitHub shows it now."""
    return (yield from relist(case, settings)).find(case)


def relist(case: Case, settings: Settings) -> Steps[Listing]:
    """The list as GitHub shows it now."""
    return Listing((yield from ask(ListIssues(case.bundle.repository))), settings)
