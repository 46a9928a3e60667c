"""What operators rule, what is double, what is forged."""

import msgspec
import pytest

from aggregator import rulings
from aggregator.due import Policy
from aggregator.filing.marker import issue_marker
from aggregator.reason import Reason
from aggregator.status import read_status
from tests.pure.desk import Desk, Event, Killed, github, is_filed
from tests.pure.factories import name
from tests.simulation.checks import KEY

OWN = ("error-aggregator",)
EDGE = rulings.edge(name(1), name(2))
DAY = 86_400.0  # seconds


def fresh() -> Desk:
    return Desk(github())


def later(desk: Desk, seconds: float = 1000.0) -> None:
    desk.world.now += seconds


def open_numbers(desk: Desk) -> list[int]:
    return [issue.number for issue in desk.github.open_issues()]


def both_filed() -> Desk:
    desk = fresh()
    desk.see(1)
    desk.tick()
    desk.see(2)
    desk.tick()
    assert open_numbers(desk) == [1, 2]
    return desk


# Mute, drop, never.


def test_muted_for_ever_is_not_filed_and_filed_again_from_the_unmuting_on() -> None:
    desk = fresh()
    desk.rule("mute", name(1), {"until": "forever"})
    desk.see(count=100)
    assert desk.tick() == {}
    desk.rule("mute", name(1), None)
    assert desk.file().reason is Reason.CREATED


def test_a_pending_error_stays_pending_under_a_mute() -> None:
    desk = fresh()
    desk.see()
    desk.github.faults.refused = 1.0
    desk.tick()
    desk.rule("mute", name(1), {"until": "forever"})
    desk.github.faults.refused = 0.0
    later(desk, 2 * DAY)
    assert desk.tick() == {}
    desk.rule("mute", name(1), None)
    assert desk.file().reason is Reason.CREATED


def test_muted_until_a_rate_is_filed_when_more_occur_in_one_window() -> None:
    desk = fresh()
    desk.rule("mute", name(1), {"until": "rate", "count": 10})
    for _ in range(3):
        desk.see(count=9)
        assert desk.tick() == {}
        later(desk)
    desk.see(count=11)
    assert desk.file().reason is Reason.CREATED


def test_muted_until_a_release_is_filed_when_it_is_seen_there() -> None:
    desk = fresh()
    desk.rule("mute", name(1), {"until": "release", "release": "2.0"})
    desk.see(release="1.9")
    assert desk.tick() == {}
    desk.see(release="2.0", count=1)
    assert desk.file().reason is Reason.CREATED


def test_a_muted_issue_is_left_alone() -> None:
    desk = fresh()
    desk.see(count=9)
    desk.tick()
    later(desk, 4000)
    desk.rule("mute", name(1), {"until": "forever"})
    desk.see(count=1)
    assert desk.tick() == {}
    assert "EditIssue" not in desk.github.calls


def test_dropped_is_due_again_only_by_what_occurs_after_that() -> None:
    desk = fresh()
    desk.github.faults.refused = 1.0
    desk.see(count=50)
    desk.tick()
    desk.rule("drop", name(1), desk.world.now)
    desk.github.faults.refused = 0.0
    assert desk.tick() == {}
    later(desk)
    desk.see(count=2)
    assert desk.tick() == {}
    desk.see(count=1)
    assert desk.file().reason is Reason.CREATED


def test_never_holds_until_it_is_withdrawn() -> None:
    desk = fresh()
    desk.rule("never", name(1), Reason.NOT_PLANNED.name)
    desk.see(count=100)
    assert desk.tick() == {}
    desk.rule("never", name(1), None)
    assert desk.file().reason is Reason.CREATED


def test_refiling_under_an_open_issue_ends_with_one_issue() -> None:
    desk = fresh()
    desk.github.on_change = lambda: None
    desk.see()
    desk.tick()
    desk.rule("generation", name(1), 1)
    desk.settle()
    later(desk)
    desk.see(count=1)
    desk.settle()
    assert open_numbers(desk) == [1]


def test_a_node_that_has_not_heard_of_the_refiling_makes_no_issue_of_its_own() -> None:
    alice = fresh()
    alice.see()
    alice.tick()
    bob = Desk(alice.github, "bob", caps=alice.settings.caps)
    alice.github.close(1, "completed")
    alice.rule("generation", name(1), 1)
    alice.settle()
    bob.see()
    bob.settle()
    assert open_numbers(alice) == [2]
    assert alice.issue_of(generation=1) == 2


def test_a_node_that_has_not_heard_of_the_refiling_finishes_it_for_one_that_died() -> None:
    alice = fresh()
    alice.see()
    alice.tick()
    alice.github.close(1, "completed")
    alice.rule("generation", name(1), 1)

    def killed(event: Event) -> None:
        if type(event.call).__name__ == "AdvanceClaim" and event.after:
            raise Killed

    with pytest.raises(Killed):
        alice.tick(killed)
    alice.github.issues[1].unlisted = True  # the list does not show the old one
    bob = Desk(alice.github, "bob")
    bob.see()
    bob.settle()
    alice = alice.restarted()
    alice.settle()
    assert open_numbers(alice) == [2]
    assert alice.issue_of(generation=1) == bob.issue_of(generation=1) == 2


# Merge and split.


def test_joined_before_filing_they_are_one_issue_with_the_sum_of_their_counts() -> None:
    desk = fresh()
    desk.rule("edge", EDGE, True)
    desk.see(1, count=2)
    desk.see(2, count=5)
    desk.settle()
    assert open_numbers(desk) == [1]
    status = read_status(desk.github.issues[1].issue.body)
    assert status is not None
    assert status.count == 7
    assert desk.issue_of(1) == 1


def test_joined_while_one_waits_the_other_waits_for_it_though_its_counts_have_left_the_lookback() -> None:
    desk = fresh()
    desk.github.faults.refused = 1.0
    desk.see(2)
    desk.tick()
    later(desk, 2 * DAY)
    desk.tick()
    desk.rule("edge", EDGE, True)
    desk.github.faults.refused = 0.0
    desk.settle()
    assert open_numbers(desk) == [1]


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
def test_an_unfiled_one_joined_with_a_filed_one_gets_no_issue(first: int, second: int) -> None:
    desk = fresh()
    desk.see(first)
    desk.tick()
    desk.rule("edge", EDGE, True)
    later(desk, 4000)
    desk.see(second, count=50)
    assert desk.tick()[name(1)].reason is Reason.UPDATED
    assert open_numbers(desk) == [1]


@pytest.mark.parametrize("first", [1, 2])
def test_of_two_filed_ones_that_are_joined_the_higher_is_closed_as_a_duplicate(first: int) -> None:
    desk = fresh()
    desk.see(first)
    desk.tick()
    desk.see(3 - first)
    desk.tick()
    desk.rule("edge", EDGE, True)
    later(desk)
    desk.tick()  # nothing occurred
    assert open_numbers(desk) == [1]
    assert desk.github.issues[2].duplicate_of == 1
    assert len(desk.github.issues[2].comments) == 1
    later(desk, 4000)
    desk.see(1, count=50)
    assert desk.file().reason is Reason.UPDATED
    assert open_numbers(desk) == [1]


def test_two_filed_ones_that_are_split_again_have_an_issue_each_again() -> None:
    desk = both_filed()
    desk.rule("edge", EDGE, True)
    later(desk)
    desk.tick()
    desk.rule("edge", EDGE, None)
    later(desk)
    desk.see(1, count=1)
    desk.see(2, count=1)
    outcomes = desk.tick()
    assert outcomes[name(1)].reason is Reason.UP_TO_DATE
    assert outcomes[name(2)].reason is Reason.REOPENED
    assert open_numbers(desk) == [1, 2]
    later(desk)
    desk.tick()
    assert open_numbers(desk) == [1, 2]


def test_a_duplicate_that_a_human_declared_is_not_taken_for_a_split() -> None:
    desk = both_filed()
    desk.github.close(2, "duplicate", duplicate_of=1)
    later(desk)
    desk.see(2, count=1)
    assert desk.file(2).reason is Reason.UP_TO_DATE
    assert open_numbers(desk) == [1]


def test_one_that_was_joined_before_it_was_filed_gets_its_own_issue_after_a_split() -> None:
    alice = fresh()
    alice.see(2)
    alice.tick()
    bob = Desk(alice.github, "bob")  # has not heard of the filing, but of the merge
    bob.rule("edge", EDGE, True)
    bob.see(1)
    bob.see(2)
    assert bob.tick()[name(1)].number == 1
    assert (bob.issue_of(1), bob.issue_of(2)) == (0, 1)
    assert name(1) not in bob.github.refs
    bob.rule("edge", EDGE, None)
    bob.settle()
    assert (bob.issue_of(1), bob.issue_of(2)) == (2, 1)
    assert open_numbers(bob) == [1, 2]


def test_by_policy_new_linked_joined_ones_get_one_new_issue() -> None:
    desk = both_filed()
    desk.settings = msgspec.structs.replace(desk.settings, regression="new-linked")
    desk.rule("edge", EDGE, True)
    later(desk)
    desk.tick()
    desk.github.close(1, "completed")
    later(desk)
    desk.see(2, count=1)
    desk.settle()
    assert open_numbers(desk) == [3]
    later(desk)
    desk.see(1, count=1)
    desk.settle()
    assert open_numbers(desk) == [3]


# Routes.


def test_a_route_is_written_once_and_outlives_the_configuration() -> None:
    desk = fresh()
    desk.policy = Policy(routes={"web": "acme/app"})
    desk.github.faults.refused = 1.0
    desk.see(service="web")
    desk.tick()
    desk.policy = Policy(routes={"web": "acme/elsewhere"}, repository="acme/other")
    desk.github.faults.refused = 0.0
    desk.settle()
    assert desk.last[0].repository == "acme/app"
    assert is_filed(desk) == 1


def test_without_a_route_it_is_not_due_until_there_is_one() -> None:
    desk = fresh()
    desk.policy = Policy()
    desk.see()
    assert desk.tick() == {}
    desk.policy = Policy(repository="acme/app")
    desk = desk.restarted()  # a reload looks at everything again
    assert desk.file().reason is Reason.CREATED


# Sweep.


def double(desk: Desk, number: int = 1, generation: int = 0) -> int:
    """A second issue of ours about one root, as a frozen filer would leave it."""
    desk.github.on_change = lambda: None
    body = issue_marker(KEY, "acme/app", name(number), generation)
    return desk.github.report_by_hand("again", body, "aggregator[bot]", OWN)


@pytest.mark.parametrize("generation", [0, 1])
def test_of_two_open_issues_with_one_marker_the_higher_is_closed_though_nothing_is_due(generation: int) -> None:
    desk = fresh()
    desk.see()
    desk.tick()
    second = double(desk, generation=generation)
    third = double(desk)
    desk.tick()
    assert open_numbers(desk) == [1]
    assert [desk.github.issues[n].duplicate_of for n in (second, third)] == [1, 1]
    assert [len(desk.github.issues[n].comments) for n in (second, third)] == [1, 1]


@pytest.mark.parametrize("state", ["closed", "deleted"])
def test_a_double_of_what_is_not_there_any_more_stays_open(state: str) -> None:
    desk = fresh()
    desk.see()
    desk.tick()
    double(desk)

    def gone(event: Event) -> None:
        if event.after and type(event.call).__name__ == "ListIssues" and state == "closed":
            desk.github.close(1, "completed")
        if event.after and type(event.call).__name__ == "ListIssues" and state == "deleted":
            desk.github.issues[1].deleted = True

    desk.tick(gone)
    assert open_numbers(desk) == [2]


def test_a_double_that_is_locked_is_closed_without_a_comment_and_holds_up_nothing() -> None:
    desk = fresh()
    desk.see()
    desk.tick()
    desk.github.locked.add(double(desk))
    desk.see(2)
    assert desk.file(2).reason is Reason.CREATED
    assert open_numbers(desk) == [1, 3]


@pytest.mark.parametrize("key", [b"x" * 32, b""])
def test_a_forged_marker_is_nobodys_double_and_nobodys_issue(key: bytes) -> None:
    desk = fresh()
    desk.github.on_change = lambda: None
    body = issue_marker(key, "acme/app", name(1), 0)
    desk.github.report_by_hand("a trap", body, "stranger", OWN)
    desk.see()
    assert desk.file().reason is Reason.CREATED
    assert desk.issue_of() == 2
    later(desk)
    desk.tick()
    assert open_numbers(desk) == [1, 2]


def test_two_sweepers_close_the_same_one() -> None:
    alice = fresh()
    alice.see()
    alice.tick()
    bob = Desk(alice.github, "bob", alice.known)
    double(alice)
    steps = bob.steps()
    for _ in range(5):
        next(steps)
    alice.tick()
    for _ in steps:
        pass
    assert open_numbers(alice) == [1]
