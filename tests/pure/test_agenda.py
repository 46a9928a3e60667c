"""When a root is due, that it stays so, and when the next run is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.agenda import next_run, unsettled
from aggregator.author import OVERFLOW
from aggregator.book import Standing
from aggregator.due import Policy, route_for, threshold_for
from aggregator.filing.case import Outcome
from aggregator.reason import Reason
from aggregator.tally import Total, total
from tests.pure.desk import Desk, github
from tests.pure.factories import name, tally

DAY = 86_400.0  # seconds
CRITICAL = 3


def summed(severity: int = 1, **services: int) -> Total:
    made = total([("alice", tally(severity=severity, services=services))])
    assert made is not None
    return made


POLICY = Policy(threshold=5, by_severity={"critical": 1, "low": 9}, by_service={"batch": 20, "web": 2})


@pytest.mark.parametrize(
    ("severity", "services", "threshold"),
    [
        (1, {}, 5),
        (3, {}, 1),
        (0, {}, 9),
        (1, {"web": 1}, 2),
        (1, {"batch": 1}, 20),
        (1, {"batch": 1, "web": 1}, 2),
        (3, {"batch": 1}, 1),
        (0, {"web": 1}, 2),
        (1, {"other": 1}, 5),
    ],
)
def test_the_lowest_threshold_that_applies(severity: int, services: dict[str, int], threshold: int) -> None:
    assert threshold_for(summed(severity, **services), POLICY) == threshold


def test_a_threshold_is_never_below_one() -> None:
    assert threshold_for(summed(), Policy(threshold=0)) == 1


def test_the_service_that_counts_most_decides_the_repository_and_ties_go_by_name() -> None:
    policy = Policy(repository="acme/rest", routes={"b": "acme/b", "c": "acme/c"})
    assert route_for(summed(a=9, b=2, c=2), policy) == "acme/b"
    assert route_for(summed(b=2, c=3), policy) == "acme/c"
    assert route_for(summed(a=9), policy) == "acme/rest"


def test_below_the_threshold_it_is_carried_over_until_enough_have_occurred_in_the_lookback() -> None:
    desk = Desk(github())
    for hours in range(3):
        assert desk.tick() == {}
        desk.see(count=1)
        desk.world.now += 3600 * (hours + 1)
    assert desk.file().reason is Reason.CREATED


def test_what_left_the_lookback_does_not_make_it_due() -> None:
    desk = Desk(github())
    for _ in range(5):
        desk.see(count=2)
        desk.tick()
        desk.world.now += DAY + 2 * 900
    assert desk.github.calls == []


def test_being_due_is_latched_when_the_threshold_is_reached_though_nothing_can_be_filed() -> None:
    desk = Desk(github())
    desk.github.faults.refused = 1.0
    desk.see()
    at = desk.world.now
    desk.tick()
    fact = desk.fact()
    assert fact is not None
    assert (fact.standing, fact.since) == (Standing.PENDING, at)
    desk.world.now += 3 * DAY
    desk.tick()
    assert not list(desk.known.ledger.signatures())
    desk.github.faults.refused = 0.0
    desk = desk.restarted()
    desk.settle()
    assert desk.issue_of() == 1


def test_what_waits_for_months_is_remembered_until_it_is_filed() -> None:
    desk = Desk(github())
    desk.github.faults.refused = 1.0
    desk.see(1)
    desk.see(2, count=1)
    desk.tick()
    desk.world.now += 100 * DAY
    desk.tick()
    gone = desk.known.history.expire(desk.world.now, waiting={name(1)})
    assert {key.signature for key in gone} == {name(2)}
    desk.github.faults.refused = 0.0
    assert desk.file().reason is Reason.CREATED


def test_overflow_is_never_filed() -> None:
    desk = Desk(github())
    desk.see(1, count=10_000, root=f"{OVERFLOW}{'0' * 32}", severity=CRITICAL)
    assert desk.tick() == {}
    assert desk.github.calls == []


def test_one_critical_occurrence_can_be_enough() -> None:
    desk = Desk(github())
    desk.policy = Policy(repository="acme/app", by_severity={"critical": 1})
    desk.see(1, count=1, severity=CRITICAL)
    desk.see(2, count=1)
    assert desk.tick().keys() == {name(1)}


def test_signatures_that_look_related_are_named_and_not_joined() -> None:
    desk = Desk(github())
    desk.see(1)
    desk.tick()
    desk.see(2)
    desk.see(3, kin="1" * 16)
    desk.tick()
    body = next(stored.issue.body for stored in desk.github.issues.values() if f"root={name(2)}" in stored.issue.body)
    assert "#1" in body
    assert name(3) not in body
    assert len(desk.github.issues) == 3


def outcome(again: float = 0.0, state: str = "filed") -> Outcome:
    return Outcome(name(1), "acme/app", state, Reason.UP_TO_DATE, again=again)


def test_the_next_run_is_at_the_next_tick_or_when_an_outcome_asks_for_it() -> None:
    assert next_run([], 1800.0, 900) == 2700.0
    assert next_run([outcome()], 1801.0, 900) == 2700.0
    assert next_run([outcome(100.0), outcome(50.0)], 1801.0, 900) == 1851.0
    assert next_run([outcome(5000.0)], 1801.0, 900) == 2700.0
    assert next_run([outcome(0.001)], 1801.0, 900) == 1802.0


@given(st.floats(0, 2e9), st.lists(st.floats(0, 1e6)))
def test_the_next_run_lies_ahead_and_not_beyond_the_next_tick(now: float, waits: list[float]) -> None:
    at = next_run([outcome(again) for again in waits], now, 900)
    assert now < at <= now + 900


def test_what_waits_and_what_asks_for_another_look_is_looked_at_again() -> None:
    assert unsettled([outcome()]) == set()
    assert unsettled([outcome(again=5.0)]) == {name(1)}
    assert unsettled([outcome(state="waiting")]) == {name(1)}
