"""The issue exists and the error was seen again: what is done about it.

| the issue is | done |
|---|---|
| open, ours | its status block is updated, by order of magnitude, at most once an hour |
| open, somebody else's | one comment with the counts |
| closed as completed, and it occurred after that | reopen, or a new linked issue, or a comment, by policy |
| closed as not planned, by someone with write access | never again |
| closed as a duplicate | follow to the issue it duplicates |
| closed by us as a duplicate of an issue whose root was split off since | as if closed as completed |
| deleted | never again, unless an operator refiles |
| moved | followed once, if this fleet may write there |

What was listed at the start of the run is good enough to see that nothing is to be done. Before writing, the issue is
read.
"""

from aggregator.filing.adopt import tell_counts
from aggregator.filing.calls import (
    DuplicateOf,
    EditIssue,
    Elapsed,
    Issue,
    ListComments,
    MayWrite,
    ReadIssue,
    Rejected,
    Rule,
    Steps,
    ask,
)
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.marker import has_event
from aggregator.filing.regression import regress
from aggregator.filing.settings import Settings
from aggregator.filing.whose import Whose, carried, whose
from aggregator.reason import Reason
from aggregator.status import needs_update, read_status, replace_status, status_of

STEPS = 5  # duplicates of duplicates that are followed


def follow(case: Case, memory: Memory, settings: Settings, listed: Issue | None) -> Steps[Outcome]:
    """Do what the table says about issue `case.number`. `listed`: the issue as the run's list shows it."""
    if listed is not None:
        memory.missing_at = None
    if listed is not None and is_quiet(case, settings, listed):
        return quiet(case, settings, listed)
    try:
        issue = yield from ask(ReadIssue(case.bundle.repository, case.number))
    except Rejected as failure:
        if failure.reason is not Reason.GONE:
            raise
        return (yield from never(case, Reason.GONE))
    if issue is None:
        return (yield from missing(case, memory, settings))
    memory.missing_at = None
    return (yield from act(case, memory, settings, issue, STEPS))


def act(case: Case, memory: Memory, settings: Settings, issue: Issue, steps: int) -> Steps[Outcome]:
    """Do what the table says about an issue that was just read."""
    if not may_write_to(case, settings, issue):
        return outcome(case, "refused", Reason.TRANSFERRED, issue.number)
    if issue.open:
        return (yield from update(case, memory, settings, issue))
    if issue.state_reason == "duplicate":
        return (yield from follow_duplicate(case, memory, settings, issue, steps))
    if issue.state_reason == "not_planned" and (yield from ask(MayWrite(issue.repository, issue.closed_by))):
        return (yield from never(case, Reason.NOT_PLANNED))
    return (yield from recurred(case, memory, settings, issue))


def recurred(case: Case, memory: Memory, settings: Settings, issue: Issue) -> Steps[Outcome]:
    """A closed issue is left alone until its error occurs again."""
    if not occurred_after(case, settings, issue):
        return quiet(case, settings, issue)
    return (yield from regress(case, memory, settings, issue))


def update(case: Case, memory: Memory, settings: Settings, issue: Issue) -> Steps[Outcome]:
    """Bring the status block of an open issue up to date; somebody else's issue gets one comment."""
    owner = whose(case, settings, issue)
    if owner is Whose.THEIRS:
        told = yield from tell_counts(case, settings, issue, memory)
        return outcome(case, "filed", Reason.ADOPTED if told else Reason.UP_TO_DATE, issue.number)
    old, new = read_status(issue.body), status_of(case.bundle, case.now)
    if owner is Whose.ANOTHER_ROOTS or not needs_update(old, new, case.now, settings.update_interval):
        return quiet(case, settings, issue)
    body = replace_status(issue.body, carried(old, new))
    if body == issue.body:  # somebody's words left no room for the block
        return outcome(case, "filed", Reason.UP_TO_DATE, issue.number)
    yield from ask(EditIssue(issue.repository, issue.number, body=body))
    return outcome(case, "filed", Reason.UPDATED, issue.number)


def follow_duplicate(case: Case, memory: Memory, settings: Settings, issue: Issue, steps: int) -> Steps[Outcome]:
    """Go to the issue that this one was closed as a duplicate of."""
    canonical = None
    if steps > 0:
        canonical = yield from read_canonical(issue)
    if canonical is None:
        return outcome(case, "filed", Reason.DUPLICATE_LOST, issue.number)
    if (yield from was_split(case, settings, issue, canonical)):
        return (yield from recurred(case, memory, settings, issue))
    return (yield from act(case, memory, settings, canonical, steps - 1))


def read_canonical(issue: Issue) -> Steps[Issue | None]:
    """The issue that `issue` was closed as a duplicate of; None where it cannot be found."""
    number = yield from ask(DuplicateOf(issue.repository, issue.number))
    if not number:
        return None
    try:
        return (yield from ask(ReadIssue(issue.repository, number)))
    except Rejected as failure:
        if failure.stops:
            raise
        return None  # deleted


def was_split(case: Case, settings: Settings, issue: Issue, canonical: Issue) -> Steps[bool]:
    """Whether this fleet closed `issue` because two roots were joined, and they are not joined any more."""
    if whose(case, settings, canonical) is not Whose.ANOTHER_ROOTS or whose(case, settings, issue) is not Whose.OURS:
        return False
    said = yield from ask(ListComments(issue.repository, issue.number))
    event = f"duplicate-{canonical.number}"
    return any(has_event(settings.marker_key, comment.body, event) for comment in said)


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
        return outcome(case, "filed", Reason.MISSING, case.number, again=wait)
    return (yield from never(case, Reason.GONE))


def quiet(case: Case, settings: Settings, issue: Issue) -> Outcome:
    """Nothing to do now. An update that only waits for its hour is looked at again at every tick until it is made."""
    due = needs_update(read_status(issue.body), status_of(case.bundle, case.now), case.now, 0.0)
    later = issue.open and due and whose(case, settings, issue) is Whose.OURS
    reason = Reason.UP_TO_DATE if issue.open else Reason.CLOSED_QUIET
    return outcome(case, "filed", reason, issue.number, again=settings.update_interval if later else 0.0)


def is_quiet(case: Case, settings: Settings, listed: Issue) -> bool:
    """Whether the list alone shows that nothing is to be done."""
    if not listed.open:
        return listed.state_reason == "completed" and not occurred_after(case, settings, listed)
    old, new = read_status(listed.body), status_of(case.bundle, case.now)
    ours = whose(case, settings, listed) is Whose.OURS
    return ours and old is not None and not needs_update(old, new, case.now, settings.update_interval)


def occurred_after(case: Case, settings: Settings, issue: Issue) -> bool:
    """Whether the error occurred later than closing plus the grace."""
    return case.bundle.total.last > issue.closed_at + settings.closing_grace


def may_write_to(case: Case, settings: Settings, issue: Issue) -> bool:
    """Whether the issue is where its root is filed, or was moved to another repository that this fleet files to."""
    place = issue.repository.lower()
    return place == case.bundle.repository.lower() or place in settings.repositories
