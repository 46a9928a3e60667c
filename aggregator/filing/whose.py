"""Whose an issue is, which decides what may be written there."""

from enum import Enum

import msgspec

from aggregator.filing.calls import Issue
from aggregator.filing.case import Case
from aggregator.filing.listing import read_found
from aggregator.filing.marker import has_marker
from aggregator.filing.settings import Settings
from aggregator.status import Status


class Whose(Enum):
    OURS = "about this root: its status block is kept up to date"
    ANOTHER_ROOTS = "ours, about another root: that root's own counts stand there"
    THEIRS = "a person's, or another fleet's: it gets comments only"


def whose(case: Case, settings: Settings, issue: Issue) -> Whose:
    """By the marker; where a human removed that, by who wrote it. A marker under another key is another fleet's."""
    found = read_found(settings, issue)
    if found is not None:
        return Whose.OURS if found.root in case.bundle.roots else Whose.ANOTHER_ROOTS
    return Whose.OURS if issue.author == settings.login and not has_marker(issue.body) else Whose.THEIRS


def carried(old: Status | None, new: Status) -> Status:
    """`new` with what only the block knows: how often it was reopened, and a higher count from before our history."""
    if old is None:
        return new
    return msgspec.structs.replace(
        new, reopened=old.reopened, ever=max(old.ever, new.ever), first=min(old.first, new.first)
    )
