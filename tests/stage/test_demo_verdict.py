"""The demo's verdict: each way of being wrong is found, and said in words."""

from collections.abc import Callable

import msgspec
import pytest

from aggregator.status import Status, status_block
from node.control.rows import ErrorRow, IssueRef
from node.demo.cast import Bug
from node.demo.hub import Issue
from node.demo.verdict import Facts, judge

BUG = Bug("checkout", "PaymentError", "high", "with its cause")
RARE = Bug("greeting", "KeyError", "high", "only once")
PEERS = {"id-alice": "alice", "id-bob": "bob"}


def error(bug: Bug, count: int, issue: int = 0, state: str = "filed", nodes: str = "alice bob") -> ErrorRow:
    return ErrorRow(
        signature=f"s1-{bug.name}", root=f"s1-{bug.name}", title=f"{bug.type}: it broke in pay", count=count,
        total=count, nodes=[f"id-{name}" for name in nodes.split()], services={bug.name: count}, releases={},
        first_seen="", last_seen="", severity=bug.severity, threshold=3, state=state, reason="UP_TO_DATE",
        issue=IssueRef("acme/shop", issue, "") if issue else None,
    )  # fmt: skip


def issue(number: int, says: int, nodes: int = 2) -> Issue:
    status = Status(count=says, ever=says, first=0.0, last=0.0, severity=2, nodes=nodes)
    return Issue(number, "PaymentError: it broke", ("error-aggregator", "severity:high"), status_block(status), "open")


OFTEN, ONCE = error(BUG, 4, 1), error(RARE, 1, state="new", nodes="bob")
RIGHT = Facts(
    did={"checkout": {"alice": 3, "bob": 1}, "greeting": {"bob": 1}},
    errors={"alice": [OFTEN, ONCE], "bob": [OFTEN, ONCE]},
    issues=[issue(1, 4)],
    filers={1: "bob"},
    peers=PEERS,
    asked_for=2,
    lost=1,
)


def problems(facts: Facts) -> list[str]:
    return judge((BUG, RARE), facts)[1]


def test_what_is_right_has_no_problem_and_a_full_row() -> None:
    rows, wrong = judge((BUG, RARE), RIGHT)
    assert wrong == []
    assert [(row.happened, row.counted, row.issue, row.issue_says) for row in rows] == [(4, 4, 1, 4), (1, 1, 0, 0)]
    assert [(row.reported_on, row.filed_by) for row in rows] == [(["alice", "bob"], "bob"), (["bob"], "")]
    assert rows[0].counts == {"alice": 4, "bob": 4}


def did(checkout: dict[str, int]) -> dict[str, dict[str, int]]:
    return {"checkout": checkout, "greeting": {"bob": 1}}


def on_bob(*rows: ErrorRow) -> dict[str, list[ErrorRow]]:
    """What only this one node says."""
    return {"alice": [OFTEN, ONCE], "bob": list(rows)}


WRONG: dict[str, tuple[Callable[[Facts], Facts], str]] = {
    "one too many": (lambda f: f._replace(did=did({"alice": 3})), "happened 3 times, and alice counted 4"),
    "one lost": (lambda f: f._replace(did=did({"alice": 5})), "happened 5 times, and issue #1 says 4"),
    "lost on one node": (lambda f: f._replace(errors=on_bob(error(BUG, 3, 1), ONCE)), "4 times, and bob counted 3"),
    "unheard of on one node": (lambda f: f._replace(errors=on_bob(OFTEN)), "happened 1 time, and bob counted 0"),
    "nothing happened": (lambda f: f._replace(did={"checkout": {"bob": 4}}), "greeting: has not happened at all"),
    "another node's": (
        lambda f: f._replace(errors=on_bob(error(BUG, 4, 1, nodes="alice"), ONCE)),
        "happened on alice, bob, and bob says on alice",
    ),
    "two issues": (
        lambda f: f._replace(issues=[issue(1, 4), issue(2, 4)]),
        "checkout: 1 issue should be there, not 2",
    ),
    "no issue": (lambda f: f._replace(issues=[]), "checkout: 1 issue should be there, not 0"),
    "an issue of one node": (
        lambda f: f._replace(issues=[issue(1, 4, nodes=1)]),
        "happened on 2 nodes, and issue #1 says 1",
    ),
    "an issue of nobody": (lambda f: f._replace(filers={}), "no node says that it has filed issue #1"),
    "two names": (
        lambda f: f._replace(errors=on_bob(error(BUG, 2, 1), error(BUG, 2, 1), ONCE)),
        "one bug, and bob has 2 names for it",
    ),
    "another severity": (
        lambda f: f._replace(errors=on_bob(msgspec.structs.replace(OFTEN, severity="low"), ONCE)),
        "is low on bob, and should be high",
    ),
    "filed too early": (
        lambda f: f._replace(errors=on_bob(OFTEN, error(RARE, 1, state="due", nodes="bob"))),
        "greeting: is due on bob, and should be new",
    ),
    "unknown to a node": (
        lambda f: f._replace(errors=on_bob(error(BUG, 4), ONCE)),
        "bob does not know of issue #1",
    ),
    "closed": (lambda f: f._replace(issues=[issue(1, 4)._replace(state="closed")]), "issue #1 is closed"),
    "asked too often": (lambda f: f._replace(asked_for=3), "GitHub was asked 3 times for an issue, and 2 times"),
    "somebody's error": (
        lambda f: f._replace(errors=on_bob(OFTEN, ONCE, error(BUG._replace(type="OSError"), 1))),
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
