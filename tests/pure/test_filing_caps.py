"""What may not be done now waits with its reason, worst first, and is done when it may: nothing is lost."""

from typing import Any

import msgspec
import pytest

from aggregator.due import Policy
from aggregator.filing.calls import CreateClaim, CreateIssue, Failure, NotSent, Rejected
from aggregator.filing.room import SINCE, reach
from aggregator.filing.settings import Caps
from aggregator.reason import Reason
from tests.pure.desk import Desk, Event, github, is_filed
from tests.pure.factories import name
from tests.simulation import checks

HOUR, DAY = 3600.0, 86_400.0  # seconds


def busy(errors: int, caps: Caps | None = None, **changes: Any) -> Desk:
    desk = Desk(github(), **changes)
    if caps:
        desk.settings = msgspec.structs.replace(desk.settings, caps=caps)
    for number in range(1, errors + 1):
        desk.see(number)
    return desk


def created(desk: Desk) -> int:
    return len(desk.github.issues)


def test_twenty_an_hour_and_fifty_a_day() -> None:
    desk = busy(60)
    outcomes = desk.tick()
    assert created(desk) == 20
    assert sum(each.reason is Reason.CAP_REACHED for each in outcomes.values()) == 30  # a run's share is 50
    desk.wait()
    desk.tick()
    assert created(desk) == 20
    desk.settle(2 * DAY)
    assert created(desk) == 60
    checks.caps_are_respected(desk.github, 20, 50)
    for number in range(1, 61):
        is_filed(desk, number)


def test_what_waits_under_the_cap_costs_no_calls() -> None:
    desk = busy(5, Caps(1, 1))
    desk.tick()
    before = len(desk.github.calls)
    desk.wait()
    desk.tick()
    assert desk.github.calls[before:] == ["ListIssues", "HighestNumber"]


def test_the_cap_counts_what_the_whole_fleet_filed() -> None:
    alice = busy(3, Caps(3, 3))
    alice.tick()
    bob = Desk(alice.github, "bob", caps=Caps(3, 3))
    bob.see(9)
    assert bob.file(9).reason is Reason.CAP_REACHED


def test_the_cap_counts_what_the_list_does_not_show_yet() -> None:
    desk = busy(3, Caps(2, 50))
    desk.github.faults.list_lag = 480.0
    desk.tick()
    desk.tick()
    assert created(desk) == 2


def test_the_cap_counts_what_another_filed_and_no_list_shows_yet() -> None:
    alice = busy(3, Caps(3, 3))
    alice.github.faults.list_lag = 1e9
    alice.tick()
    bob = Desk(alice.github, "bob", caps=Caps(3, 3))
    bob.see(9)
    assert bob.file(9).reason is Reason.CAP_REACHED
    assert created(alice) == 3
    alice.github.faults.list_lag = 0.0
    bob.world.now += HOUR + DAY
    bob.settle()


def by_hand(desk: Desk, how_many: int) -> None:
    for number in range(how_many):
        desk.github.report_by_hand(f"Question {number}", "How do I install it?", "somebody")


def reads(desk: Desk) -> int:
    return desk.github.calls.count("ReadIssue")


@pytest.mark.parametrize("people", [0, 16, 60])
def test_the_cap_counts_what_lost_its_label_and_what_stands_behind_the_issues_of_people(people: int) -> None:
    alice = busy(4, Caps(3, 50))
    alice.tick()
    for stored in alice.github.issues.values():
        stored.issue = msgspec.structs.replace(stored.issue, labels=())
    by_hand(alice, people)
    bob = Desk(alice.github, "bob", caps=Caps(3, 50))
    bob.see(9)
    assert bob.file(9).reason is Reason.CAP_REACHED


def test_the_cap_counts_what_a_day_brought_though_deleted_numbers_lie_between() -> None:
    alice = busy(3, Caps(20, 3))
    alice.tick()
    by_hand(alice, 30)
    for number, stored in alice.github.issues.items():
        stored.issue = msgspec.structs.replace(stored.issue, labels=())
        stored.deleted = number > 3
    bob = Desk(alice.github, "bob", caps=Caps(20, 3))
    bob.see(9)
    bob.world.now += 4 * HOUR
    assert bob.file(9).reason is Reason.CAP_REACHED


def test_the_look_by_number_is_bounded_whatever_people_write() -> None:
    desk = busy(2)
    by_hand(desk, 300)
    desk.tick()
    assert created(desk) == 302
    row = desk.settings.missing_in_a_row
    assert reads(desk) <= reach(desk.settings) + row + 3 * SINCE  # two roots, two looks each


@pytest.mark.parametrize("discussions", [1, 5, 19])
def test_the_cap_counts_what_stands_behind_numbers_that_answer_404(discussions: int) -> None:
    github_ = github()
    github_.faults.list_lag = 600.0
    for node, first in (("alice", 1), ("bob", 11), ("carol", 21)):
        for _ in range(discussions):
            github_.discuss("somebody")
        desk = Desk(github_, node, caps=Caps(3, 50))
        for number in range(first, first + 4):
            desk.see(number)
        desk.tick()
        assert len(github_.open_issues()) == 3


def test_an_issue_more_in_a_run_costs_two_short_looks_though_numbers_are_missing() -> None:
    costs: list[int] = []
    for errors in (1, 5):
        desk = busy(errors)
        desk.github.faults.list_lag = 600.0
        desk.github.discuss("somebody")
        desk.tick()
        costs.append(reads(desk))
    assert costs[1] - costs[0] == 4 * 2 * SINCE + 1  # the number before the first creation was taken: seen once more


def test_where_nothing_was_made_for_a_day_the_look_is_short() -> None:
    desk = Desk(github())
    by_hand(desk, 300)
    desk.world.now += DAY
    desk.see()
    desk.file()
    assert reads(desk) <= 2 * desk.settings.missing_in_a_row + SINCE


def test_who_looked_before_another_filed_looks_again_before_it_creates() -> None:
    alice = busy(1, Caps(1, 1))
    bob = Desk(alice.github, "bob", caps=Caps(1, 1))
    bob.see(9)

    def meanwhile(event: Event) -> None:
        if isinstance(event.call, CreateClaim) and not event.after:
            alice.tick()

    assert bob.file(9, meanwhile).reason is Reason.CAP_REACHED
    assert created(alice) == 1


def test_the_cap_is_counted_on_githubs_clock() -> None:
    alice = busy(2, Caps(1, 50))
    alice.tick()
    bob = Desk(alice.github, "bob", caps=Caps(1, 50))
    bob.see(9)
    bob.ahead = 2 * HOUR  # by its clock, what alice has just filed is two hours old
    assert bob.file(9).reason is Reason.CAP_REACHED


def test_an_unknown_outcome_counts_towards_the_cap() -> None:
    desk = busy(2, Caps(1, 50))

    def lost(event: Event) -> None:
        if not event.after and isinstance(event.call, CreateIssue):
            event.lost = "request"

    outcomes = desk.tick(lost)
    assert [each.reason for each in outcomes.values()] == [Reason.OUTCOME_UNKNOWN, Reason.CAP_REACHED]


def test_an_unknown_outcome_is_cleared_up_though_the_cap_is_reached_meanwhile() -> None:
    desk = busy(1, Caps(1, 1))
    desk.github.faults.list_lag = DAY

    def lost(event: Event) -> None:
        if not event.after and isinstance(event.call, CreateIssue):
            event.lost = "answer"

    desk.tick(lost)
    desk.settle()
    assert desk.issue_of() == created(desk) == 1


def test_the_worst_are_filed_first_then_those_that_wait_longest() -> None:
    desk = Desk(github(), caps=Caps(1, 50))
    for number, severity in ((1, 1), (2, 1), (3, 3), (4, 2)):
        desk.see(number, severity=severity)
        desk.tick()
        desk.world.now += 60
    desk.see(5, severity=3)
    desk.settle(DAY)
    order = [stored.issue.body for _, stored in sorted(desk.github.issues.items())]
    assert [next(n for n in range(1, 6) if name(n) in body) for body in order] == [1, 3, 5, 4, 2]


def test_one_repositorys_backlog_does_not_hold_up_another() -> None:
    desk = Desk(github(), caps=Caps(2, 2))
    desk.policy = Policy(repository="acme/full", routes={"web": "acme/app"})
    for number in range(1, 9):
        desk.see(number, severity=3)
    desk.see(9, severity=0, service="web")
    desk.tick()
    repositories = [each.repository for each in desk.last]
    assert sorted(repositories) == ["acme/app", "acme/full", "acme/full"]


# GitHub says no.

TROUBLE = [
    NotSent(Reason.RATE_LIMITED, "API rate limit exceeded", 77.0),
    NotSent(Reason.GITHUB_AWAY, "connection refused"),
    NotSent(Reason.BAD_CREDENTIALS, "Bad credentials"),
    Rejected(Reason.REPOSITORY_MISSING, "Not Found"),
    Rejected(Reason.FORBIDDEN, "Resource not accessible by personal access token"),
    Rejected(Reason.ISSUES_OFF, "Issues are disabled for this repo"),
]


@pytest.mark.parametrize("trouble", TROUBLE, ids=lambda failure: failure.reason.name)
@pytest.mark.parametrize("index", range(0, 26, 3))
def test_trouble_at_any_call_stops_the_run_is_shown_as_the_reason_and_costs_nothing(
    index: int, trouble: Failure
) -> None:
    desk = busy(3)

    def strikes(event: Event) -> None:
        if event.index == index and event.after:
            desk.github.trouble = trouble

    desk.github.trouble = trouble if index == 0 else None
    outcomes = desk.tick(strikes)
    reasons = {each.reason for each in outcomes.values()}
    assert reasons <= {trouble.reason, Reason.CREATED}
    assert trouble.reason in reasons
    struck = len(desk.github.calls)
    desk.world.now += HOUR
    desk.restarted().tick()
    assert len(desk.github.calls) <= struck + 1
    desk.github.trouble = None
    desk.settle(2 * HOUR)
    for number in (1, 2, 3):
        is_filed(desk, number)


def test_a_wish_to_be_left_alone_is_granted_for_exactly_that_long() -> None:
    desk = busy(2)
    desk.github.trouble = NotSent(Reason.RATE_LIMITED, "secondary rate limit", 77.0)
    outcomes = desk.tick()
    assert {(each.state, each.again) for each in outcomes.values()} == {("waiting", 77.0)}
    before = desk.world.now
    desk.wait()
    assert desk.world.now - before == 77.0


def test_a_public_repository_that_was_not_allowed_is_only_read() -> None:
    desk = busy(2)
    desk.github.refuses_writes = Rejected(Reason.REPOSITORY_PUBLIC, "allow it by name")
    outcomes = desk.tick()
    assert {(each.state, each.reason) for each in outcomes.values()} == {("refused", Reason.REPOSITORY_PUBLIC)}
    assert desk.github.refs == {}
    desk.github.refuses_writes = None
    desk.settle()
    assert created(desk) == 2


def test_what_github_rejects_is_tried_again_at_the_next_tick_and_holds_up_nothing_else() -> None:
    desk = busy(2)

    def rejects(event: Event) -> None:
        ours = isinstance(event.call, CreateIssue) and name(1) in event.call.body
        desk.github.refuses_writes = Rejected(Reason.REJECTED, "422") if ours and not event.after else None

    outcomes = desk.tick(rejects)
    assert [each.reason for each in outcomes.values()] == [Reason.REJECTED, Reason.CREATED]
    assert desk.github.refs[name(1)][-1].state == "released"
    desk.wait()
    desk.tick()
    is_filed(desk, 1)


def test_a_token_that_was_revoked_for_three_days_loses_nothing() -> None:
    desk = busy(3)
    desk.github.trouble = NotSent(Reason.BAD_CREDENTIALS, "Bad credentials")
    for _ in range(3 * 96):
        desk.tick()
        desk.wait()
    assert not list(desk.known.ledger.signatures())
    desk = desk.restarted()
    desk.github.trouble = None
    desk.settle()
    for number in (1, 2, 3):
        is_filed(desk, number)


def test_what_is_refused_again_and_again_does_not_keep_others_from_their_turn() -> None:
    desk = busy(3, Caps(1, 1))
    desk.github.unreadable |= {name(1), name(2)}
    for _ in range(3):
        desk.tick()
        desk.wait()
    is_filed(desk, 3)


def test_a_claim_that_github_refuses_is_no_claim() -> None:
    desk = busy(1)

    def refused(event: Event) -> None:
        claims = isinstance(event.call, CreateClaim) and not event.after
        desk.github.refuses_writes = Rejected(Reason.CLAIM_REFUSED, "422 rule violation") if claims else None

    assert desk.file(script=refused).reason is Reason.CLAIM_REFUSED
    assert created(desk) == 0
    desk.settle()
    is_filed(desk)
