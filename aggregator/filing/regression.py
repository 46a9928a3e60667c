"""It was fixed, and it is back: reopen, file a new linked issue, or comment, as configured.

Whatever is chosen is done once for each time the issue was closed: comments bear the closing time as their event, and
the number of reopenings stands in the status block. After `flap_limit` of them the decision is left to a human.
"""

import msgspec

from aggregator import comments
from aggregator.filing.calls import EditIssue, Issue, Rule, Steps, ask
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.comment import comment_once
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from aggregator.status import read_status, replace_status, status_of


def regress(case: Case, memory: Memory, settings: Settings, issue: Issue) -> Steps[Outcome]:
    """Act on an issue that was closed as completed and whose error occurred again after that."""
    old = read_status(issue.body)
    reopened = old.reopened if old else 0
    closing = f"{issue.number}-{int(issue.closed_at)}"
    if settings.regression == "new-linked":
        return (yield from link_new(case, memory, settings, issue, closing))
    if settings.regression == "comment":
        text = comments.regression_comment(case.bundle, settings, case.now, f"recurred-{closing}")
        yield from comment_once(settings, issue.repository, issue.number, f"recurred-{closing}", text, memory)
        return outcome(case, "filed", Reason.COMMENTED, issue.number)
    if reopened >= settings.flap_limit:
        text = comments.flapping_comment(case.bundle, settings, reopened, f"flapping-{closing}")
        yield from comment_once(settings, issue.repository, issue.number, f"flapping-{closing}", text, memory)
        return outcome(case, "filed", Reason.FLAPPING, issue.number)
    return (yield from reopen(case, memory, settings, issue, reopened, closing))


def reopen(case: Case, memory: Memory, settings: Settings, issue: Issue, reopened: int, closing: str) -> Steps[Outcome]:
    """One PATCH with absolute values opens it and says so in the status block: repeating it changes nothing."""
    event = f"recurred-{closing}"
    text = comments.regression_comment(case.bundle, settings, case.now, event)
    yield from comment_once(settings, issue.repository, issue.number, event, text, memory)
    status = msgspec.structs.replace(status_of(case.bundle, case.now), reopened=reopened + 1)
    body = replace_status(issue.body, status)
    yield from ask(EditIssue(issue.repository, issue.number, body=body, open=True))
    return outcome(case, "filed", Reason.REOPENED, issue.number)


def link_new(case: Case, memory: Memory, settings: Settings, issue: Issue, closing: str) -> Steps[Outcome]:
    """Raise the root's generation: it is due anew, and its next issue will name this one."""
    event = f"recurred-{closing}"
    text = comments.regression_comment(case.bundle, settings, case.now, event)
    yield from comment_once(settings, issue.repository, issue.number, event, text, memory)
    yield from ask(Rule("generation", case.bundle.root, case.bundle.generation + 1))
    return outcome(case, "due", Reason.LINKED, issue.number, again=1.0)
