"""The issue exists and the error was seen again: what is done about it.

| the issue is | done |
|---|---|
| open, ours | its status block is updated, by order of magnitude, at most once an hour |
| open, somebody else's | one comment with the counts |
| closed as completed, and it occurred after that | reopen, or a new linked issue, or a comment, by policy |
| closed as not planned, by someone with write access | never again |
| closed as a duplicate | follow to the issue it duplicates |
| deleted | never again, unless an operator refiles |
| moved | followed once, if this fleet may write there |

What was listed at the start of the run is good enough to see that nothing is to be done. Before writing, the issue is
read.
"""

import msgspec

from aggregator.filing.adopt import tell_counts
from aggregator.filing.calls import (
    DuplicateOf,
    EditIssue,
    Elapsed,
    Issue,
    MayWrite,
    ReadIssue,
    Rejected,
    Rule,
    Steps,
    ask,
)
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.marker import read_issue_marker
from aggregator.filing.regression import regress
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from aggregator.status import Status, needs_update, read_status, replace_status, status_of

STEPS = 5  # duplicates of duplicates that are followed


def follow(case: Case, memory: Memory, settings: Settings, listed: Issue | None) -> Steps[Outcome]:
    """Do what the table says about issue `case.number`. `listed`: the issue as the run's list shows it."""
    if listed is not None and _is_quiet(case, settings, listed):
        return outcome(case, "filed", Reason.UP_TO_DATE if listed.open else Reason.CLOSED_QUIET, listed.number)
    try:
        issue = yield from ask(ReadIssue(case.bundle.repository, case.number))
    except Rejected as failure:
        if failure.reason is not Reason.GONE:
            raise
        return (yield from never(case, Reason.GONE))
    if issue is None:
        return (yield from missing(case, memory, settings))
    memory.missing_at = None
    if (
        issue.repository.lower() != case.bundle.repository.lower()
        and issue.repository.lower() not in settings.repositories
    ):
        return outcome(case, "refused", Reason.TRANSFERRED, issue.number)
    return (yield from act(case, memory, settings, issue, STEPS))


def act(case: Case, memory: Memory, settings: Settings, issue: Issue, steps: int) -> Steps[Outcome]:
    """Do what the table says about an issue that was just read."""
    if issue.open:
        return (yield from update(case, memory, settings, issue))
    if issue.state_reason == "duplicate":
        return (yield from follow_duplicate(case, memory, settings, issue, steps))
    if issue.state_reason == "not_planned" and (yield from ask(MayWrite(issue.repository, issue.closed_by))):
        return (yield from never(case, Reason.NOT_PLANNED))
    if not occurred_after(case, settings, issue):
        return outcome(case, "filed", Reason.CLOSED_QUIET, issue.number)
    return (yield from regress(case, memory, settings, issue))


def update(case: Case, memory: Memory, settings: Settings, issue: Issue) -> Steps[Outcome]:
    """Bring the status block of an open issue up to date; somebody else's issue gets one comment."""
    if not is_ours(settings, issue):
        told = yield from tell_counts(case, settings, issue.number, memory)
        return outcome(case, "filed", Reason.ADOPTED if told else Reason.UP_TO_DATE, issue.number)
    old, new = read_status(issue.body), status_of(case.bundle, case.now)
    if not needs_update(old, new, case.now, settings.update_interval):
        return outcome(case, "filed", Reason.UP_TO_DATE, issue.number)
    new = carried(old, new)
    yield from ask(EditIssue(issue.repository, issue.number, body=replace_status(issue.body, new)))
    return outcome(case, "filed", Reason.UPDATED, issue.number)


def carried(old: Status | None, new: Status) -> Status:
    """`new` with what only the block knows: how often it was reopened, and a higher count from before our history."""
    if old is None:
        return new
    return msgspec.structs.replace(
        new, reopened=old.reopened, ever=max(old.ever, new.ever), first=min(old.first, new.first)
    )


def follow_duplicate(case: Case, memory: Memory, settings: Settings, issue: Issue, steps: int) -> Steps[Outcome]:
    """Go to the issue that this one was closed as a duplicate of."""
    number = yield from ask(DuplicateOf(issue.repository, issue.number))
    if not number or steps <= 0:
        return outcome(case, "filed", Reason.DUPLICATE_LOST, issue.number)
    canonical = yield from ask(ReadIssue(issue.repository, number))
    if canonical is None:
        return outcome(case, "filed", Reason.DUPLICATE_LOST, issue.number)
    return (yield from act(case, memory, settings, canonical, steps - 1))


def never(case: Case, reason: Reason) -> Steps[Outcome]:
    """Rule that this root is never filed again by itself."""
    yield from ask(Rule("never", case.bundle.root, reason.name))
    return outcome(case, "refused", reason, case.number)


def missing(case: Case, memory: Memory, settings: Settings) -> Steps[Outcome]:
    """GitHub does not find the number. Believed only when it stays so: a fresh issue may be missing for seconds."""
    elapsed = yield from ask(Elapsed())
    if memory.missing_at is None:
        memory.missing_at = elapsed
    wait = memory.missing_at + settings.relist_gap - elapsed
    if wait > 0:
        return outcome(case, "filed", Reason.GITHUB_AWAY, case.number, again=wait)
    return (yield from never(case, Reason.GONE))


def occurred_after(case: Case, settings: Settings, issue: Issue) -> bool:
    """Whether the error occurred later than closing plus the grace."""
    return case.bundle.total.last > issue.closed_at + settings.closing_grace


def is_ours(settings: Settings, issue: Issue) -> bool:
    """Ours by its marker, or, where a human removed that, by who wrote it."""
    return read_issue_marker(settings.marker_key, issue.body) is not None or issue.author == settings.login


def _is_quiet(case: Case, settings: Settings, listed: Issue) -> bool:
    """Whether the list alone shows that nothing is to be done."""
    if not listed.open:
        return listed.state_reason == "completed" and not occurred_after(case, settings, listed)
    old = read_status(listed.body)
    return old is not None and not needs_update(
        old, status_of(case.bundle, case.now), case.now, settings.update_interval
    )
