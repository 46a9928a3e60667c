"""The issue exists and the error was seen again: every row of the table of what is then done."""

from typing import Any

import msgspec
import pytest

from aggregator.filing.calls import EditIssue, ReadIssue
from aggregator.filing.marker import has_event
from aggregator.reason import Reason
from aggregator.status import read_status, replace_status
from tests.pure.desk import Desk, Event, Killed, github, is_filed
from tests.pure.factories import name
from tests.simulation.checks import KEY

DAY = 86_400.0  # seconds


def filed(count: int = 3, **changes: Any) -> Desk:
    """A desk whose first error is issue 1, some minutes ago."""
    desk = Desk(github(), **changes)
    desk.see(count=count)
    assert desk.file().reason is Reason.CREATED
    later(desk)
    return desk


def later(desk: Desk, seconds: float = 1000.0) -> None:
    desk.world.now += seconds


def body(desk: Desk, number: int = 1) -> str:
    return desk.github.issues[number].issue.body


def comments(desk: Desk, number: int = 1) -> list[str]:
    return [each.body for each in desk.github.issues[number].comments]


def count_in(desk: Desk, number: int = 1) -> int:
    status = read_status(body(desk, number))
    assert status is not None
    return status.count


# Open.


def test_the_count_in_a_new_issue_is_exact() -> None:
    assert count_in(filed(count=7)) == 7


def test_an_open_issue_is_updated_when_its_count_gains_a_digit() -> None:
    desk = filed(count=3)
    later(desk, 3600)
    desk.see(count=6)
    assert desk.file().reason is Reason.UP_TO_DATE
    desk.see(count=1)
    assert desk.file().reason is Reason.UPDATED
    assert count_in(desk) == 10
    assert comments(desk) == []


def test_an_update_waits_for_its_hour_and_is_then_made_though_nothing_occurs_any_more() -> None:
    desk = filed(count=9)
    desk.see(count=1)
    assert desk.file().reason is Reason.UP_TO_DATE
    while desk.changed:
        desk.wait()
        desk.tick()
    assert count_in(desk) == 10
    assert 3590 <= desk.world.now - desk.github.issues[1].issue.created_at < 3600 + 2 * 900


def test_what_the_list_shows_to_be_up_to_date_costs_one_call() -> None:
    desk = filed()
    before = len(desk.github.calls)
    desk.see(count=1)
    assert desk.file().reason is Reason.UP_TO_DATE
    assert desk.github.calls[before:] == ["ListIssues"]


def test_an_update_leaves_what_humans_wrote_and_reads_just_before_it_writes() -> None:
    desk = filed(count=9)
    later(desk, 3600)
    desk.see(count=1)
    order = list[str]()

    def edited(event: Event) -> None:
        if not event.after:
            order.append(type(event.call).__name__)
        if not event.after and isinstance(event.call, ReadIssue):
            desk.github.edit(1, "Human words\n" + body(desk) + "\nmore words")

    desk.tick(edited)
    assert body(desk).startswith("Human words\n")
    assert body(desk).endswith("\nmore words")
    assert count_in(desk) == 10
    assert order[-2:] == [ReadIssue.__name__, EditIssue.__name__]


def test_an_issue_whose_block_was_removed_gets_it_again_once() -> None:
    desk = filed()
    desk.github.edit(1, body(desk).split("<!-- error-aggregator-status")[0] + "rest")
    desk.see(count=1)
    assert desk.file().reason is Reason.UPDATED
    assert count_in(desk) == 4
    desk.see(count=1)
    assert desk.file().reason is Reason.UP_TO_DATE


def test_an_issue_without_room_for_the_block_is_not_written_at_every_tick() -> None:
    desk = filed()
    desk.github.edit(1, body(desk).splitlines()[0] + "x" * 65_500)
    desk.see(count=1)
    assert desk.file().reason is Reason.UP_TO_DATE
    assert "EditIssue" not in desk.github.calls


def test_an_issue_without_marker_is_still_ours_by_its_author() -> None:
    desk = filed(count=9)
    later(desk, 3600)
    desk.github.edit(1, "all rewritten")
    desk.see(count=1)
    assert desk.file().reason is Reason.UPDATED
    assert count_in(desk) == 10


def test_the_issue_of_another_fleet_with_the_same_bot_gets_a_comment_and_keeps_its_body() -> None:
    theirs = filed(count=9, marker_key=b"x" * 32)
    ours = Desk(theirs.github, "bob")
    ours.see(count=100)
    assert ours.file().reason is Reason.ADOPTED
    assert ours.issue_of() == 1
    assert count_in(theirs) == 9
    assert len(comments(ours)) == 1
    assert len(ours.github.issues) == 1


# Closed as completed.


def closed_and_back(desk: Desk, state_reason: str = "completed", by: str = "maintainer") -> None:
    desk.github.close(1, state_reason, by)
    later(desk)
    desk.see(count=1)


def test_a_fixed_error_that_comes_back_is_reopened_with_one_comment() -> None:
    desk = filed()
    closed_and_back(desk)
    assert desk.file().reason is Reason.REOPENED
    assert is_filed(desk) == 1
    assert len(comments(desk)) == 1
    status = read_status(body(desk))
    assert status is not None
    assert (status.reopened, status.count) == (1, 4)


@pytest.mark.parametrize("state_reason", ["completed", ""])
def test_what_occurs_within_the_grace_after_closing_does_not_reopen(state_reason: str) -> None:
    desk = filed()
    desk.github.close(1, state_reason)
    later(desk, 899)
    desk.see(count=1)
    assert desk.file().reason is Reason.CLOSED_QUIET
    later(desk, 3)
    desk.see(count=1)
    assert desk.file().reason is Reason.REOPENED


def test_an_occurrence_before_the_closing_that_is_heard_of_late_does_not_reopen() -> None:
    desk = filed()
    at = desk.world.now
    desk.github.close(1, "completed")
    later(desk, 5000)
    desk.see(count=1, first=at, last=at)
    assert desk.file().reason is Reason.CLOSED_QUIET


def test_after_the_flap_limit_a_human_decides() -> None:
    desk = filed(flap_limit=2)
    for _ in range(2):
        closed_and_back(desk)
        assert desk.file().reason is Reason.REOPENED
    for _ in range(2):
        closed_and_back(desk)
        assert desk.file().reason is Reason.FLAPPING
        desk.see(count=1)
        assert desk.file().reason is Reason.FLAPPING
        assert not desk.github.issues[1].issue.open
    assert len(comments(desk)) == 2 + 2  # one for each closing


def test_the_flap_limit_holds_though_humans_remove_the_block() -> None:
    desk = filed(flap_limit=2)
    for _ in range(2):
        desk.github.edit(1, body(desk).splitlines()[0])
        closed_and_back(desk)
        assert desk.file().reason is Reason.REOPENED
    desk.github.edit(1, body(desk).splitlines()[0])
    closed_and_back(desk)
    assert desk.file().reason is Reason.FLAPPING


def test_by_policy_comment_it_stays_closed_and_gets_one_comment_for_each_closing() -> None:
    desk = filed(regression="comment")
    for closings in (1, 2):
        closed_and_back(desk)
        for _ in range(2):
            desk.see(count=1)
            assert desk.file().reason is Reason.COMMENTED
        assert not desk.github.issues[1].issue.open
        assert len(comments(desk)) == closings
        desk.github.reopen(1)
        later(desk)


def test_by_policy_new_linked_a_new_issue_names_the_old_one() -> None:
    desk = filed(regression="new-linked")
    closed_and_back(desk)
    assert desk.file().reason is Reason.LINKED
    desk.settle()
    assert desk.issue_of(generation=1) == 2
    assert "#1" in body(desk, 2)
    assert len(comments(desk)) == 1
    assert [i.number for i in desk.github.open_issues()] == [2]


def test_by_policy_new_linked_one_late_occurrence_is_enough() -> None:
    """The threshold was reached long ago; what was counted then has left the lookback."""
    desk = filed(regression="new-linked")
    later(desk, 2 * DAY)
    closed_and_back(desk)
    desk.settle()
    assert desk.issue_of(generation=1) == 2


@pytest.mark.parametrize("regression", ["reopen", "new-linked", "comment"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("index", range(1, 13))
def test_a_regression_that_is_killed_at_any_call_is_carried_through_once(
    index: int, after: bool, regression: str
) -> None:
    desk = filed(regression=regression)
    closed_and_back(desk)

    def killed(event: Event) -> None:
        if (event.index, event.after) == (index, after):
            raise Killed

    try:
        desk.tick(killed)
    except Killed:
        desk = desk.restarted()
    desk.settle()
    assert len(comments(desk)) == 1
    opened = {"reopen": [1], "new-linked": [2], "comment": list[int]()}
    assert [i.number for i in desk.github.open_issues()] == opened[regression]
    status = read_status(body(desk))
    assert status is not None
    assert status.reopened == (regression == "reopen")


def test_a_regression_that_github_kept_from_being_told_is_told_later_though_nothing_more_occurs() -> None:
    desk = filed()
    closed_and_back(desk)
    desk.github.faults.refused = 1.0
    assert desk.file().reason is Reason.RATE_LIMITED
    desk.github.faults.refused = 0.0
    desk.settle()
    assert desk.github.issues[1].issue.open


def test_a_locked_issue_is_reopened_without_a_comment() -> None:
    desk = filed()
    desk.github.locked.add(1)
    closed_and_back(desk)
    assert desk.file().reason is Reason.REOPENED
    assert comments(desk) == []


# Closed as not planned.


def test_closed_as_not_planned_by_who_may_write_is_never_filed_again() -> None:
    desk = filed()
    closed_and_back(desk, "not_planned")
    assert desk.file().reason is Reason.NOT_PLANNED
    desk.see(count=1000)
    desk.tick()
    desk.restarted().settle()
    assert desk.github.open_issues() == []
    assert len(desk.github.issues) == 1


def test_closed_as_not_planned_by_who_may_not_write_is_reopened() -> None:
    desk = filed()
    closed_and_back(desk, "not_planned", by="passer-by")
    assert desk.file().reason is Reason.REOPENED


def test_closed_as_not_planned_by_a_deleted_account_is_reopened() -> None:
    desk = filed()
    closed_and_back(desk, "not_planned", by="")
    assert desk.file().reason is Reason.REOPENED


# Closed as a duplicate.


def chain(desk: Desk, length: int) -> int:
    """Make issue 1 a duplicate of a person's issue, over `length` steps; the last one's number."""
    number = 1
    for _ in range(length):
        following = desk.github.report_by_hand("something", "words", "maintainer")
        desk.github.close(number, "duplicate", duplicate_of=following)
        number = following
    later(desk)
    desk.see(count=1)
    return number


@pytest.mark.parametrize("length", [1, 5])
def test_duplicates_are_followed_over_five_steps(length: int) -> None:
    desk = filed()
    last = chain(desk, length)
    assert desk.file().reason is Reason.ADOPTED
    assert len(comments(desk, last)) == 1
    desk.see(count=1)
    assert desk.file().reason is Reason.UP_TO_DATE
    assert len(comments(desk, last)) == 1


def test_duplicates_beyond_five_steps_are_left_to_a_human() -> None:
    desk = filed()
    chain(desk, 6)
    assert desk.file().reason is Reason.DUPLICATE_LOST


def test_duplicates_in_a_circle_are_left_to_a_human() -> None:
    desk = filed()
    other = desk.github.report_by_hand("something", "words", "maintainer")
    desk.github.close(1, "duplicate", duplicate_of=other)
    desk.github.close(other, "duplicate", duplicate_of=1)
    later(desk)
    desk.see(count=1)
    assert desk.file().reason is Reason.DUPLICATE_LOST


@pytest.mark.parametrize("how", ["deleted", "hidden", "unknown"])
def test_a_duplicate_of_what_cannot_be_found_is_left_to_a_human(how: str) -> None:
    desk = filed()
    last = chain(desk, 1)
    if how == "unknown":
        desk.github.issues[1].duplicate_of = 0
    else:
        setattr(desk.github.issues[last], how, True)
    assert desk.file().reason is Reason.DUPLICATE_LOST


def test_a_duplicate_of_another_roots_issue_leaves_its_counts_alone() -> None:
    desk = filed()
    desk.see(2, count=5)
    desk.tick()
    desk.github.close(1, "duplicate", duplicate_of=2)
    later(desk, 5000)
    desk.see(count=1000)
    assert desk.file().reason is Reason.UP_TO_DATE
    assert count_in(desk, 2) == 5
    assert comments(desk, 2) == []


def test_a_duplicate_of_another_roots_issue_that_was_fixed_reopens_that_one() -> None:
    desk = filed()
    desk.see(2, count=5)
    desk.tick()
    desk.github.close(1, "duplicate", duplicate_of=2)
    desk.github.close(2, "completed")
    later(desk)
    desk.see(count=1000)
    assert desk.file().reason is Reason.REOPENED
    assert count_in(desk, 2) == 5


def test_a_duplicate_of_an_issue_that_was_moved_to_a_foreign_repository_is_left_alone() -> None:
    desk = filed()
    last = chain(desk, 1)
    desk.github.transfer(last, "stranger/place", 7)
    assert desk.file().reason is Reason.TRANSFERRED
    assert desk.github.elsewhere["stranger/place", 7].comments == []


# Deleted, moved.


def test_a_deleted_issue_is_never_filed_again_by_itself_but_when_an_operator_refiles() -> None:
    desk = filed()
    desk.github.issues[1].deleted = True
    desk.see(count=1)
    assert desk.file().reason is Reason.GONE
    desk.see(count=100)
    desk.settle()
    assert len(desk.github.issues) == 1
    desk.rule("never", name(1), None)
    desk.rule("generation", name(1), 1)
    desk.settle()
    assert desk.issue_of(generation=1) == 2


def test_an_operator_refiles_what_does_not_occur_any_more() -> None:
    desk = filed()
    desk.github.issues[1].deleted = True
    desk.see(count=1)
    desk.tick()
    later(desk, 3 * DAY)
    desk.tick()
    desk.rule("never", name(1), None)
    desk.rule("generation", name(1), 1)
    desk.settle()
    assert desk.issue_of(generation=1) == 2


def test_a_number_that_is_not_found_is_believed_to_be_deleted_only_when_it_stays_so() -> None:
    desk = filed()
    desk.github.issues[1].hidden = True
    desk.see(count=1)
    assert desk.file().reason is Reason.MISSING
    desk.world.now += 60
    assert desk.file().reason is Reason.MISSING
    desk.github.issues[1].hidden = False
    desk.wait()
    assert desk.file().reason is Reason.UP_TO_DATE
    desk.github.issues[1].hidden = True
    desk.see(count=1)
    assert desk.file().reason is Reason.MISSING
    desk.wait()
    assert desk.file().reason is Reason.GONE


def test_a_moved_issue_is_followed_where_this_fleet_files() -> None:
    desk = filed(count=9, repositories=frozenset({"acme/other"}))
    desk.github.transfer(1, "acme/other", 7)
    later(desk, 3600)
    desk.see(count=1)
    assert desk.file().reason is Reason.UPDATED
    status = read_status(desk.github.elsewhere["acme/other", 7].issue.body)
    assert status is not None
    assert status.count == 10


def test_a_moved_issue_is_left_alone_in_a_foreign_repository() -> None:
    desk = filed(count=9)
    desk.github.transfer(1, "stranger/place", 7)
    later(desk, 3600)
    desk.see(count=1)
    assert desk.file().reason is Reason.TRANSFERRED
    assert desk.github.calls.count("EditIssue") == 0


def test_an_issue_that_moved_with_a_persons_report_is_commented_on_in_its_new_place() -> None:
    desk = filed(repositories=frozenset({"acme/other"}))
    last = chain(desk, 1)
    desk.github.transfer(last, "acme/other", 7)
    assert desk.file().reason is Reason.ADOPTED
    said = desk.github.elsewhere["acme/other", 7].comments
    assert [has_event(KEY, each.body, f"adopted-{name(1)}") for each in said] == [True]


# The book and the claim.


def test_what_another_node_filed_is_found_and_followed_at_once() -> None:
    alice = filed()
    closed_and_back(alice)
    bob = Desk(alice.github, "bob")
    bob.see(count=3)
    assert bob.file().reason is Reason.REOPENED
    assert is_filed(bob) == 1


def test_a_filed_error_needs_its_claim_no_more() -> None:
    desk = filed()
    del desk.github.refs[name(1)]
    desk.see(count=1)
    assert desk.file().reason is Reason.UP_TO_DATE
    fresh = Desk(desk.github, "bob")
    fresh.see()
    fresh.settle()
    assert is_filed(fresh) == 1


def test_an_unlisted_issue_is_found_by_its_claim() -> None:
    alice = Desk(github(list_lag=DAY))
    alice.see()
    alice.tick()
    bob = Desk(alice.github, "bob")
    bob.see()
    bob.settle()
    assert bob.issue_of() == 1
    assert len(alice.github.issues) == 1


def test_an_issue_whose_labels_github_left_out_gets_ours_again() -> None:
    desk = Desk(github())
    desk.github.drops_labels = True
    desk.see()
    assert desk.file().reason is Reason.CREATED
    assert is_filed(desk) == 1


def test_a_claim_that_cannot_be_read_is_refused_and_holds_up_nothing_else() -> None:
    desk = Desk(github())
    desk.github.unreadable.add(name(1))
    desk.see(1)
    desk.see(2)
    outcomes = desk.tick()
    assert outcomes[name(1)].reason is Reason.CLAIM_UNREADABLE
    assert outcomes[name(2)].reason is Reason.CREATED
    desk.github.unreadable.clear()
    desk.settle()
    is_filed(desk, 1)


def test_the_status_block_survives_a_body_that_a_human_rewrote() -> None:
    desk = filed()
    old = read_status(body(desk))
    assert old is not None
    text = replace_status("before\n" + body(desk) + "\nafter", msgspec.structs.replace(old, count=77))
    assert text.startswith("before\n")
    assert text.endswith("\nafter")
    new = read_status(text)
    assert new is not None
    assert new.count == 77
