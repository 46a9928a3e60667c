"""Somebody has reported the error already, by hand: their issue gets the counts, and no second one is made.

Search may hint, but decides nothing: each hit is read by number. It counts only when it is open, was written by
somebody with triage rights, names the exact type, and either the whole message template or both module and function.
Wrongly adopting would hide a bug behind another's issue, so everything doubtful is not adopted.
"""

import re

from aggregator import comments
from aggregator.filing.calls import Failure, Hint, Issue, MayTriage, ReadIssue, Rejected, Steps, ask
from aggregator.filing.case import Case, Memory
from aggregator.filing.comment import comment_once
from aggregator.filing.marker import read_issue_marker
from aggregator.filing.settings import Settings
from aggregator.record import ErrorRecord, Frame

READ = 5  # hits that are read at most
SHORT = 12  # characters: a template below this is too common to recognise an error by


def find_report(case: Case, settings: Settings, sample: ErrorRecord | None) -> Steps[Issue | None]:
    """An open issue by a person about the same error. Failures of the search only mean that none was found."""
    if sample is None or not sample.exceptions:
        return None
    try:
        numbers = yield from ask(Hint(case.bundle.repository, f"{sample.type_name} {sample.message[:80]}"))
    except Failure:
        return None
    for number in numbers[:READ]:
        issue = yield from read_hit(case, number)
        if issue is None or read_issue_marker(settings.marker_key, issue.body) is not None:
            continue
        if is_same(issue, sample) and (yield from ask(MayTriage(issue.repository, issue.author))):
            return issue
    return None


def read_hit(case: Case, number: int) -> Steps[Issue | None]:
    """The issue of a hit, where it is open, still in this repository, and no pull request (their body is left out)."""
    try:
        issue = yield from ask(ReadIssue(case.bundle.repository, number))
    except Rejected as failure:
        if failure.stops:
            raise
        return None  # deleted
    here = issue is not None and issue.repository.lower() == case.bundle.repository.lower()
    return issue if issue is not None and here and issue.open and issue.body else None


def is_same(issue: Issue, sample: ErrorRecord) -> bool:
    """Whether a report speaks of this very error: its type, and its message or its place."""
    text = f"{issue.title}\n{issue.body}"
    if not names_type(text, sample):
        return False
    first_line = sample.message.strip().partition("\n")[0]
    if len(first_line) >= SHORT and first_line in text:
        return True
    place = innermost(sample)
    return place is not None and _mentions(text, place.module) and _mentions(text, place.function)


def names_type(text: str, sample: ErrorRecord) -> bool:
    """Whether the exact type is named, alone or with its own module before it, as a traceback prints it."""
    module = sample.exceptions[0].module
    return _mentions(text, sample.type_name) or (bool(module) and _mentions(text, f"{module}.{sample.type_name}"))


def innermost(sample: ErrorRecord) -> Frame | None:
    """The innermost frame of the first exception that has a module and a function."""
    frames = sample.exceptions[0].frames if sample.exceptions else []
    return next((f for f in reversed(frames) if f.module and f.function and f.in_app is not False), None)


def tell_counts(case: Case, settings: Settings, issue: Issue, memory: Memory) -> Steps[bool]:
    """One comment with the counts, on an issue that is not ours."""
    event = f"adopted-{case.bundle.root}"
    text = comments.adopted_comment(case.bundle, settings, case.now)
    return (yield from comment_once(settings, issue.repository, issue.number, event, text, memory))


def _mentions(text: str, word: str) -> bool:
    """Whether `word` stands in `text` as a whole word."""
    return bool(word) and re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", text) is not None
