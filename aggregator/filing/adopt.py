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
from aggregator.redact import redact_text
from aggregator.signature.parameterise import parameterise

READ = 5  # hits that are read at most
SHORT = 12  # characters besides the values: a template below this is too common to recognise an error by

_PLACEHOLDER = re.compile(r"<\w+>")
_CODE = re.compile(r"`([^`]+)`")
_EDGES = " \t>*-#`'\".,;"  # of a line that quotes, lists or ends a sentence


def find_report(case: Case, settings: Settings, sample: ErrorRecord | None) -> Steps[Issue | None]:
    """An open issue by a person about the same error. Failures of the search only mean that none was found."""
    if sample is None or not (sample.type or sample.exceptions):
        return None  # without a type there is nothing exact to go by
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
    return names_type(text, sample) and (names_message(text, sample) or names_place(text, sample))


def names_type(text: str, sample: ErrorRecord) -> bool:
    """Whether the exact type is named, alone or with its own module before it, as a traceback prints it."""
    module = sample.exceptions[0].module if sample.exceptions else ""
    return _mentions(text, sample.type_name) or (bool(module) and _mentions(text, f"{module}.{sample.type_name}"))


def names_message(text: str, sample: ErrorRecord) -> bool:
    """Whether a line, or what stands in backquotes, is the message as a whole, whatever its values.

    A message of several lines, or of few words, is too little to go by.
    """
    template = parameterise(redact_text(sample.message.strip()))
    if "\n" in sample.message.strip() or len(_PLACEHOLDER.sub("", template)) < SHORT:
        return False
    pieces = (piece for line in text.splitlines() for piece in (line, *_CODE.findall(line)))
    before = f"{sample.type_name}: "
    return any(parameterise(redact_text(piece.rpartition(before)[2].strip(_EDGES))) == template for piece in pieces)


def names_place(text: str, sample: ErrorRecord) -> bool:
    """Whether both the module (by name, or as a file) and the function are named where the error was raised."""
    place = innermost(sample)
    if place is None or not _mentions(text, place.function):
        return False
    return any(_mentions(text, word) for word in (place.module, place.file, f"{place.module.replace('.', '/')}.py"))


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
    return bool(word) and re.search(rf"(?<![\w.]){re.escape(word)}(?!\.?\w)", text) is not None
