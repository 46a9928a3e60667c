"""What a round calls broken: the checks of `make faults` can fail."""

import pytest

from tests.faults.catalogue import ALL, GROUPS
from tests.faults.round import Outcome, count_counts, count_issues
from tests.faults.run import summary
from tests.faults.scene import numbered


def issue(number: int, state: str = "open") -> dict[str, str]:
    return {"title": f"Error{number}: step {number} failed in step_{number}", "state": state}


def judged(*issues: dict[str, str], new: tuple[int, ...] = (3, 4)) -> Outcome:
    outcome = Outcome()
    count_issues(outcome, new, issues)
    return outcome


BEFORE = [issue(n) for n in range(3)]


def test_one_open_issue_of_each_bug_is_what_is_promised() -> None:
    outcome = judged(*BEFORE, issue(3), issue(4))
    assert outcome.kept()
    assert (outcome.issues_expected, outcome.issues_found) == (2, 2)


def test_the_error_of_all_rounds_is_expected_in_the_first() -> None:
    assert judged(issue(0), issue(1), issue(2), new=(1, 2)).issues_expected == 3
    assert not judged(issue(1), issue(2), new=(1, 2)).kept()


@pytest.mark.parametrize(
    "issues",
    [
        [*BEFORE, issue(3)],
        [*BEFORE, issue(3), issue(4), issue(4)],
        [*BEFORE, issue(3), issue(4, "closed")],
        [*BEFORE, issue(3), issue(4), issue(1)],
        [*BEFORE[1:], issue(3), issue(4)],
        [*BEFORE, issue(3), issue(4), issue(99)],
        [*BEFORE, issue(3), issue(4), {"title": "?", "state": "open"}],
    ],
    ids=["missing", "two open", "closed", "two open of old", "missing of old", "of no bug", "of nothing"],
)
def test_anything_else_is_broken(issues: list[dict[str, str]]) -> None:
    assert not judged(*issues).kept(doubles=True)


def test_a_second_issue_that_was_closed_is_allowed_only_where_the_fault_makes_it() -> None:
    outcome = judged(*BEFORE, issue(3), issue(4), issue(4, "closed"))
    assert outcome.duplicates == 1
    assert not outcome.kept()
    assert outcome.kept(doubles=True)


def test_a_count_that_is_too_low_is_lost_and_one_too_high_is_wrong() -> None:
    low, high = Outcome(), Outcome()
    count_counts(low, "alice", {"s1-a": 5, "s1-b": 2}, {"s1-a": 3})
    count_counts(high, "alice", {"s1-a": 5}, {"s1-a": 6, "s1-c": 1})
    assert (low.counts_wrong, low.lost, low.kept()) == (2, 4, False)
    assert (high.counts_wrong, high.lost, high.kept()) == (2, 0, False)


def test_what_is_lost_is_what_the_worst_node_lacks() -> None:
    outcome = Outcome()
    for name, shown in (("alice", 4), ("bob", 2), ("carol", 5)):
        count_counts(outcome, name, {"s1-a": 5}, {"s1-a": shown})
    assert (outcome.counts_wrong, outcome.lost) == (2, 3)


def test_the_summary_adds_rounds_up_in_the_order_of_the_catalogue_and_says_how_many_broke() -> None:
    one, bad = Outcome(rounds=1, issues_expected=2, issues_found=2, seconds=3.6), Outcome(rounds=1, lost=7)
    told = summary([("partition", True, one), ("kill", True, one), ("kill", False, bad)], 12.3)
    lines = [line for line in told.splitlines() if line.startswith("| ")]
    assert [line.split()[1] for line in lines[2:]] == ["kill", "partition", "all"]
    assert "3 rounds, 1 broken, 12 s" in told
    assert "| 7 |" in " ".join(lines[-1].split())


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [fault.name for group in GROUPS.values() for fault in group.faults]
    assert len(names) == len(set(names))
    assert set(ALL) < set(GROUPS)


def test_an_issue_tells_what_error_it_is_about() -> None:
    assert numbered({"title": "Error12: step 12 failed"}) == 12
    assert numbered({"title": "Something else"}) is None
