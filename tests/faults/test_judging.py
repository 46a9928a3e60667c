"""What a round calls broken: the checks of `make faults` can fail."""

from pathlib import Path

import pytest

from tests.faults import options
from tests.faults.catalogue import ALL, GROUPS
from tests.faults.github import SWITCHES
from tests.faults.group import in_turn
from tests.faults.record import Record, append, line, read, rounds_of
from tests.faults.round import Outcome, count_counts, count_issues
from tests.faults.run import how_far, summary
from tests.faults.scene import numbered


def issue(number: int, state: str = "open") -> dict[str, str]:
    return {"title": f"Error{number}: step {number} failed in step_{number}", "state": state}


def record(fault: str, kept: bool, outcome: Outcome) -> Record:
    return Record(fault, "processes", kept, "2026-11-20T12:00:00+00:00", "abc", outcome)


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
    told = summary([record("partition", True, one), record("kill", True, one), record("kill", False, bad)], 12.3)
    lines = [line for line in told.splitlines() if line.startswith("| ")]
    assert [line.split()[1] for line in lines[2:]] == ["kill", "partition", "all"]
    assert "3 rounds of abc, 1 broken; this run took 12 s" in told
    assert "| 7 |" in " ".join(lines[-1].split())


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [fault.name for group in GROUPS.values() for fault in group.faults]
    assert len(names) == len(set(names))
    assert set(ALL) < set(GROUPS)


def test_an_issue_tells_what_error_it_is_about() -> None:
    assert numbered({"title": "Error12: step 12 failed"}) == 12
    assert numbered({"title": "Something else"}) is None


def test_the_log_of_rounds_tells_them_again_and_leaves_out_a_line_that_was_cut_off(tmp_path: Path) -> None:
    log = tmp_path / "rounds.jsonl"
    wrong = Outcome(rounds=1, lost=7, steps=[("the strike", 1.5)], trouble=["alice shows 1 of 8"])
    assert read(log) == []
    append(log, record("kill", False, wrong))
    log.write_text(log.read_text() + line(record("kill", True, Outcome()))[:40] + "\n")
    append(log, record("partition", True, Outcome(rounds=1)))
    assert [(each.fault, each.kept) for each in read(log)] == [("kill", False), ("partition", True)]
    assert read(log)[0].outcome.trouble == wrong.trouble


def test_rounds_that_the_log_holds_are_not_run_again(tmp_path: Path) -> None:
    asked = options.read(["--faults", "kill,freeze,full-disk", "--rounds", "3", "--group", "processes"])
    done = rounds_of([record("kill", True, Outcome()), record("kill", False, Outcome())])
    assert asked.missing("processes", done) == 1 + 3
    assert [(fault.name, nth) for fault, nth in in_turn(asked, done)] == [
        ("freeze", 1),
        ("freeze", 2),
        ("kill", 3),
        ("freeze", 3),
    ]


def test_what_is_left_is_told_by_what_is_done() -> None:
    assert how_far(10, 40, 1, 300.0) == "round 10 of 40, 1 broken, 15 min left"


def test_all_that_is_to_be_shown_is_in_the_catalogue() -> None:
    rounds = {fault.name: fault.rounds for group in ALL for fault in GROUPS[group].faults}
    assert {*SWITCHES} < {*rounds}
    assert {name for name, number in rounds.items() if number == 20} == {
        "killed-before-claim",
        "killed-after-claim",
        "killed-after-post",
        "killed-after-record",
    }
    assert min(rounds.values()) == 5
