"""The demo's verdict: each way of being wrong is found, and said in words."""

from collections.abc import Callable

import msgspec
import pytest

from aggregator.status import Status, status_block
from node.control.view import ErrorRow, IssueRef
from node.demo.cast import Bug
from node.demo.hub import Issue
from node.demo.verdict import Facts, judge

BUG = Bug("checkout", "PaymentError", "high", "with its cause")
RARE = Bug("greeting", "KeyError", "high", "only once")


def error(bug: Bug, count: int, issue: int = 0, state: str = "filed") -> ErrorRow:
    return ErrorRow(
        signature=f"s1-{bug.name}", root=f"s1-{bug.name}", title=f"{bug.type}: it broke in pay",
        count=count, total=count, nodes=["alice"], services={bug.name: count}, releases={}, first_seen="", last_seen="",
        severity=bug.severity, threshold=3, state=state, reason="UP_TO_DATE",
        issue=IssueRef("acme/shop", issue, "") if issue else None,
    )  # fmt: skip


def issue(number: int, says: int) -> Issue:
    status = Status(count=says, ever=says, first=0.0, last=0.0, severity=2, nodes=1)
    return Issue(number, "PaymentError: it broke", ("error-aggregator", "severity:high"), status_block(status), "open")


RIGHT = Facts({"checkout": 4, "greeting": 1}, [error(BUG, 4, 1), error(RARE, 1, state="new")], [issue(1, 4)], 2, 1)


def problems(facts: Facts) -> list[str]:
    return judge((BUG, RARE), facts)[1]


def test_what_is_right_has_no_problem_and_a_full_row() -> None:
    rows, wrong = judge((BUG, RARE), RIGHT)
    assert wrong == []
    assert [(row.happened, row.counted, row.issue, row.issue_says) for row in rows] == [(4, 4, 1, 4), (1, 1, 0, 0)]


WRONG: dict[str, tuple[Callable[[Facts], Facts], str]] = {
    "one too many": (lambda f: f._replace(did={"checkout": 3, "greeting": 1}), "happened 3 times, and was counted 4"),
    "one lost": (lambda f: f._replace(did={"checkout": 5, "greeting": 1}), "happened 5 times, and issue #1 says 4"),
    "nothing happened": (lambda f: f._replace(did={"checkout": 4}), "greeting: has not happened at all"),
    "two issues": (
        lambda f: f._replace(issues=[issue(1, 4), issue(2, 4)]),
        "checkout: 1 issues should be there, and 2 are",
    ),
    "no issue": (lambda f: f._replace(issues=[]), "checkout: 1 issues should be there, and 0 are"),
    "two names": (lambda f: f._replace(errors=[error(BUG, 2, 1), *f.errors]), "one bug, and 2 names for it"),
    "another severity": (
        lambda f: f._replace(errors=[msgspec.structs.replace(f.errors[0], severity="low"), f.errors[1]]),
        "is low, and should be high",
    ),
    "filed too early": (
        lambda f: f._replace(errors=[f.errors[0], error(RARE, 1, state="due")]),
        "greeting: is due, and should be new",
    ),
    "unknown to the node": (
        lambda f: f._replace(errors=[error(BUG, 4), f.errors[1]]),
        "the node does not know of issue #1",
    ),
    "closed": (lambda f: f._replace(issues=[issue(1, 4)._replace(state="closed")]), "issue #1 is closed"),
    "asked too often": (lambda f: f._replace(asked_for=3), "GitHub was asked 3 times for an issue, and 2 times"),
    "somebody's error": (
        lambda f: f._replace(errors=[*f.errors, error(BUG._replace(type="OSError"), 1)]),
        "nobody did this, and it was counted: OSError",
    ),
    "somebody's issue": (
        lambda f: f._replace(issues=[*f.issues, issue(2, 1)._replace(title="OSError: no")]),
        "nobody did this, and it has an issue: OSError",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str) -> None:
    change, said = WRONG[name]
    assert any(said in problem for problem in problems(change(RIGHT))), problems(change(RIGHT))
