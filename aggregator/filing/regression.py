"""It was fixed, and it is back: reopen, file a new linked issue, or comment, as configured.

Whatever is chosen is done once for each time the issue was closed: comments bear the closing time as their event, and
the number of reopenings stands in the status block. After `flap_limit` of them the decision is left to a human.
"""

import msgspec

from aggregator import comments
from aggregator.filing.calls import EditIssue, Issue, ListComments, Steps, ask
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.comment import comment_once
from aggregator.filing.marker import events_in
from aggregator.filing.refile import raise_generations
from aggregator.filing.settings import Settings
from aggregator.filing.whose import Whose, carried, whose
from aggregator.reason import Reason
from aggregator.status import read_status, replace_status, status_of


def regress(case: Case, memory: Memory, settings: Settings, issue: Issue) -> Steps[Outcome]:
    """Act on an issue that was closed as completed and whose error occurred again after that."""
    event = f"recurred-{issue.number}-{int(issue.closed_at)}"
    if settings.regression == "new-linked":
        return (yield from link_new(case, memory, settings, issue, event))
    if settings.regression == "comment":
        yield from say_again(case, memory, settings, issue, event)
        return outcome(case, "filed", Reason.COMMENTED, issue.number)
    reopened = yield from times_reopened(settings, issue, event)
    if reopened >= settings.flap_limit:
        flapping = f"flapping-{issue.number}-{int(issue.closed_at)}"
        text = comments.flapping_comment(case.bundle, settings, reopened, flapping)
        yield from comment_once(settings, issue.repository, issue.number, flapping, text, memory)
        return outcome(case, "filed", Reason.FLAPPING, issue.number)
    yield from say_again(case, memory, settings, issue, event)
    yield from reopen(case, settings, issue, reopened)
    return outcome(case, "filed", Reason.REOPENED, issue.number)


def say_again(case: Case, memory: Memory, settings: Settings, issue: Issue, event: str) -> Steps[None]:
    text = comments.regression_comment(case.bundle, settings, case.now, event)
    yield from comment_once(settings, issue.repository, issue.number, event, text, memory)


def times_reopened(settings: Settings, issue: Issue, event: str) -> Steps[int]:
    """How often we reopened it: as its block says, else (it is not ours, or the block is gone) by our comments."""
    status = read_status(issue.body)
    if status is not None:
        return status.reopened
    said = yield from ask(ListComments(issue.repository, issue.number))
    events = {each for comment in said for each in events_in(settings.marker_key, comment.body)}
    return sum(each.startswith(f"recurred-{issue.number}-") for each in events - {event})


def reopen(case: Case, settings: Settings, issue: Issue, reopened: int) -> Steps[None]:
    """One PATCH with absolute values opens it and says so in the status block: repeating it changes nothing.

    The words of an issue that is not about this root are left alone.
    """
    body = None
    if whose(case, settings, issue) is Whose.OURS:
        status = carried(read_status(issue.body), status_of(case.bundle, case.now))
        body = replace_status(issue.body, msgspec.structs.replace(status, reopened=reopened + 1))
    yield from ask(EditIssue(issue.repository, issue.number, body=body, open=True))


def link_new(case: Case, memory: Memory, settings: Settings, issue: Issue, event: str) -> Steps[Outcome]:
    """Raise the generation of all that the issue is about: it is due anew, and its next issue will name this one."""
    yield from say_again(case, memory, settings, issue, event)
    yield from raise_generations(case)
    return outcome(case, "due", Reason.LINKED, issue.number, again=1.0)
