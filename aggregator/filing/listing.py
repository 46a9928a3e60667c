"""GitHub's own list of our issues, read once: by number, and by the root that each one's genuine marker names."""

from collections.abc import Iterable

from aggregator.filing.calls import Issue, ListIssues, Steps, ask
from aggregator.filing.case import Case
from aggregator.filing.marker import read_issue_marker
from aggregator.filing.settings import Settings


class Listing:
    """One answer of the list, indexed. Issues without a genuine marker are only found by number."""

    def __init__(self, issues: Iterable[Issue], settings: Settings) -> None:
        self.by_number: dict[int, Issue] = {}
        self.by_root: dict[str, list[tuple[int, Issue]]] = {}  # (generation, issue)
        for issue in issues:
            self.by_number[issue.number] = issue
            marker = read_issue_marker(settings.marker_key, issue.body)
            if marker is not None:
                self.by_root.setdefault(marker[0], []).append((marker[1], issue))

    def find(self, case: Case) -> Issue | None:
        """The issue of this root, or of one joined with it, the lowest number first; no earlier generation."""
        ours = [
            issue
            for root in case.bundle.roots
            for generation, issue in self.by_root.get(root, [])
            if counts_for(case, root, generation)
        ]
        return min(ours, key=lambda issue: issue.number, default=None)


def counts_for(case: Case, root: str, generation: int) -> bool:
    """Whether an issue marked with (root, generation) is the one that the case is about."""
    return root in case.bundle.roots and (root != case.bundle.root or generation >= case.bundle.generation)


def is_about(case: Case, settings: Settings, issue: Issue) -> bool:
    """Whether one issue, read by number, is the one that the case is about."""
    marker = read_issue_marker(settings.marker_key, issue.body)
    return marker is not None and counts_for(case, *marker)


def look(case: Case, settings: Settings) -> Steps[Issue | None]:
    """The issue of this root, in the list as GitHub shows it now."""
    issues = yield from ask(ListIssues(case.bundle.repository))
    return Listing(issues, settings).find(case)
