"""What became of every bug, compared with what should have: pure, so that each way of being wrong can be tested."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from aggregator.status import read_status
from node.control.view import ErrorRow
from node.demo.cast import Bug
from node.demo.hub import Issue


class BugRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bug, from the program to the issue."""

    bug: str  # as the node calls it; where it knows nothing of it, its type
    service: str
    how: str
    severity: str
    happened: int
    counted: int
    state: str
    issue: int  # number; 0: none
    issue_says: int  # occurrences
    problems: list[str] = []


class Facts(NamedTuple):
    """What was seen at the end."""

    did: Mapping[str, int]  # by name of the bug
    errors: Sequence[ErrorRow]
    issues: Sequence[Issue]
    asked_for: int  # requests for a new issue that were sent
    lost: int  # of these: which never reached GitHub, because the demo saw to that


def judge(bugs: Sequence[Bug], facts: Facts) -> tuple[list[BugRow], list[str]]:
    """A row for each bug, and all that is wrong: with the bugs, and with what belongs to none of them."""
    rows = [_row(bug, facts) for bug in bugs]
    known = {number for bug in bugs for number in [issue.number for issue in _issues(bug, facts)]}
    strange = [f"nobody did this, and it was counted: {row.title}" for row in facts.errors if not _whose(bugs, row)]
    strange += [f"nobody did this, and it has an issue: {i.title}" for i in facts.issues if i.number not in known]
    due = sum(bug.is_due(facts.did.get(bug.name, 0)) for bug in bugs) + facts.lost
    if facts.asked_for != due:
        strange.append(f"GitHub was asked {facts.asked_for} times for an issue, and {due} times were needed")
    return rows, [f"{row.service}: {problem}" for row in rows for problem in row.problems] + strange


def _row(bug: Bug, facts: Facts) -> BugRow:
    happened = facts.did.get(bug.name, 0)
    errors = [row for row in facts.errors if _is(bug, row)]
    issues = _issues(bug, facts)
    status = read_status(issues[0].body) if issues else None
    row = BugRow(
        bug=errors[0].title if errors else bug.type,
        service=bug.name,
        how=bug.how,
        severity=errors[0].severity if errors else "",
        happened=happened,
        counted=sum(row.count for row in errors),
        state=errors[0].state if errors else "",
        issue=issues[0].number if issues else 0,
        issue_says=status.count if status else 0,
    )
    return msgspec.structs.replace(row, problems=[*_counting(bug, row, errors), *_filing(bug, row, errors, issues)])


def _counting(bug: Bug, row: BugRow, errors: Sequence[ErrorRow]) -> Iterable[str]:
    if not row.happened:
        yield "has not happened at all"
    if row.counted != row.happened:
        yield f"happened {row.happened:,} times, and was counted {row.counted:,} times"
    if len(errors) > 1:
        yield f"one bug, and {len(errors)} names for it"
    if errors and row.severity != bug.severity:
        yield f"is {row.severity}, and should be {bug.severity}"


def _filing(bug: Bug, row: BugRow, errors: Sequence[ErrorRow], issues: Sequence[Issue]) -> Iterable[str]:
    due = bug.is_due(row.happened)
    if len(issues) != int(due):
        yield f"{int(due)} issues should be there, and {len(issues)} are"
    if not due and row.state not in ("new", ""):
        yield f"is {row.state}, and should be new"
    if not due or not issues or not errors:
        return
    if row.issue_says != row.happened:
        yield f"happened {row.happened:,} times, and issue #{row.issue} says {row.issue_says:,}"
    if errors[0].issue is None or errors[0].issue.number != row.issue:
        yield f"the node does not know of issue #{row.issue}"
    if issues[0].state != "open" or f"severity:{bug.severity}" not in issues[0].labels:
        yield f"issue #{row.issue} is {issues[0].state} and labelled {', '.join(issues[0].labels)}"


def _issues(bug: Bug, facts: Facts) -> list[Issue]:
    return [issue for issue in facts.issues if issue.title.startswith(f"{bug.type}: ")]


def _is(bug: Bug, row: ErrorRow) -> bool:
    return row.title.partition(": ")[0] == bug.type and bug.name in row.services


def _whose(bugs: Sequence[Bug], row: ErrorRow) -> list[Bug]:
    return [bug for bug in bugs if _is(bug, row)]
