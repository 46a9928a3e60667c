"""What became of every bug, compared with what should have: pure, so that each way of being wrong can be tested."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from aggregator.plural import plural
from aggregator.status import Status, read_status
from node.control.rows import ErrorRow
from node.demo.cast import Bug
from node.demo.hub import Issue


class BugRow(msgspec.Struct, frozen=True, kw_only=True):
    """One bug, from the programs to the issue."""

    bug: str  # as the nodes call it; where they know nothing of it, its type
    service: str
    how: str
    severity: str
    happened: int
    reported_on: list[str]  # names of nodes
    counted: int  # on every node; where they differ, the first that is not what happened
    counts: dict[str, int]  # by name of the node
    state: str
    issue: int  # number; 0: none
    issue_says: int  # occurrences
    filed_by: str  # name of the node; empty: none did
    problems: list[str] = []


class Facts(NamedTuple):
    """What was seen at the end."""

    did: Mapping[str, Mapping[str, int]]  # by name of the bug, by name of the node
    errors: Mapping[str, Sequence[ErrorRow]]  # by name of the node
    issues: Sequence[Issue]
    filers: Mapping[int, str]  # by number of the issue, name of the node
    peers: Mapping[str, str]  # names of the nodes, by peer id
    asked_for: int  # requests for a new issue that were sent
    lost: int  # of these: which never reached GitHub, because the demo saw to that


class Case(NamedTuple):
    """All that is known of one bug."""

    bug: Bug
    did: Mapping[str, int]  # by name of the node
    errors: Mapping[str, Sequence[ErrorRow]]  # by name of the node
    issues: Sequence[Issue]
    status: Status | None  # of the first issue
    filer: str

    @property
    def happened(self) -> int:
        return sum(self.did.values())

    @property
    def due(self) -> bool:
        return self.bug.is_due(self.happened)

    def counts(self) -> dict[str, int]:
        return {name: sum(row.count for row in rows) for name, rows in self.errors.items()}


def judge(bugs: Sequence[Bug], facts: Facts) -> tuple[list[BugRow], list[str]]:
    """A row for each bug, and all that is wrong: with the bugs, and with what belongs to none of them."""
    cases = [_case(bug, facts) for bug in bugs]
    rows = [_row(case, facts.peers) for case in cases]
    due = sum(case.due for case in cases) + facts.lost
    problems = [f"{row.service}: {problem}" for row in rows for problem in row.problems] + _strange(cases, facts)
    if facts.asked_for != due:
        problems.append(f"GitHub was asked {facts.asked_for} times for an issue, and {due} times were needed")
    return rows, problems


def _case(bug: Bug, facts: Facts) -> Case:
    issues = [issue for issue in facts.issues if issue.title.startswith(f"{bug.type}: ")]
    errors = {name: [row for row in rows if _is(bug, row)] for name, rows in facts.errors.items()}
    status = read_status(issues[0].body) if issues else None
    filer = facts.filers.get(issues[0].number, "") if issues else ""
    return Case(bug, facts.did.get(bug.name, {}), errors, issues, status, filer)


def _strange(cases: Sequence[Case], facts: Facts) -> list[str]:
    """What was counted or filed, and belongs to no bug."""
    titles = sorted({row.title for rows in facts.errors.values() for row in rows if not _whose(cases, row)})
    known = {issue.number for case in cases for issue in case.issues}
    strange = [f"nobody did this, and it was counted: {title}" for title in titles]
    return strange + [f"nobody did this, and it has an issue: {i.title}" for i in facts.issues if i.number not in known]


def _row(case: Case, peers: Mapping[str, str]) -> BugRow:
    rows = [row for rows in case.errors.values() for row in rows]
    counts = case.counts()
    return BugRow(
        bug=rows[0].title if rows else case.bug.type,
        service=case.bug.name,
        how=case.bug.how,
        severity=rows[0].severity if rows else "",
        happened=case.happened,
        reported_on=sorted(case.did),
        counted=next((count for count in counts.values() if count != case.happened), case.happened if counts else 0),
        counts=counts,
        state=rows[0].state if rows else "",
        issue=case.issues[0].number if case.issues else 0,
        issue_says=case.status.count if case.status else 0,
        filed_by=case.filer,
        problems=[*_counting(case, peers), *_filing(case), *_issue(case, peers)],
    )


def _counting(case: Case, peers: Mapping[str, str]) -> Iterable[str]:
    """What each node has counted."""
    if not case.happened:
        yield "has not happened at all"
    for name, count in case.counts().items():
        rows = case.errors[name]
        if count != case.happened:
            yield f"happened {plural(case.happened, 'time')}, and {name} counted {count:,}"
        if len(rows) > 1:
            yield f"one bug, and {name} has {len(rows)} names for it"
        if rows and rows[0].severity != case.bug.severity:
            yield f"is {rows[0].severity} on {name}, and should be {case.bug.severity}"
        where = {peers.get(peer, peer) for row in rows for peer in row.nodes}
        if rows and where != set(case.did):
            yield f"happened on {_list(case.did)}, and {name} says on {_list(where)}"


def _filing(case: Case) -> Iterable[str]:
    """What each node knows of its issue."""
    if len(case.issues) != int(case.due):
        yield f"{plural(int(case.due), 'issue')} should be there, not {len(case.issues)}"
    for name, rows in case.errors.items():
        if not case.due and any(row.state != "new" for row in rows):
            yield f"is {rows[0].state} on {name}, and should be new"
        known = {row.issue.number if row.issue else 0 for row in rows}
        if case.due and case.issues and rows and known != {case.issues[0].number}:
            yield f"{name} does not know of issue #{case.issues[0].number}"


def _issue(case: Case, peers: Mapping[str, str]) -> Iterable[str]:
    """What the issue itself says."""
    if not case.due or not case.issues:
        return
    issue = case.issues[0]
    says, nodes = (case.status.count, case.status.nodes) if case.status else (0, 0)
    if says != case.happened:
        yield f"happened {plural(case.happened, 'time')}, and issue #{issue.number} says {says:,}"
    if nodes != len(case.did):
        yield f"happened on {plural(len(case.did), 'node')}, and issue #{issue.number} says {nodes}"
    if issue.state != "open" or f"severity:{case.bug.severity}" not in issue.labels:
        yield f"issue #{issue.number} is {issue.state} and labelled {', '.join(issue.labels)}"
    if case.filer not in peers.values():
        yield f"no node says that it has filed issue #{issue.number}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _is(bug: Bug, row: ErrorRow) -> bool:
    return row.title.partition(": ")[0] == bug.type and bug.name in row.services


def _whose(cases: Sequence[Case], row: ErrorRow) -> list[Bug]:
    return [case.bug for case in cases if _is(case.bug, row)]
