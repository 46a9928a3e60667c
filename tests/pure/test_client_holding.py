"""What is held back while the node is away: nothing is lost, the first goes on at once, a storm becomes few."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from aggregator import limits
from aggregator.client import holding
from aggregator.client.capture import Answer, Capture
from aggregator.client.holding import FIRST_SECONDS, MOST_SECONDS, Holding


def capture(kind: str = "a", time: float = 0.0, count: int = 1) -> Capture:
    made = Capture("id", time, "main", f"message {kind}", "Error")
    made.count = count
    return made


def total(captures: list[Capture]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in captures:
        counts[each.message] += each.count
    return counts


steps = st.lists(st.tuples(st.text("abc", max_size=6), st.floats(0, 100)), max_size=30)


@given(steps)
def test_whatever_comes_when_it_goes_on_once_and_the_first_of_each_kind_at_once(some: list[tuple[str, float]]) -> None:
    held, now, given_, passed = Holding(), 0.0, list[str](), list[Capture]()
    for kinds, seconds in some:
        now += seconds
        new = set(kinds) - set(given_)
        given_ += kinds
        out = held.sift([capture(kind, now) for kind in kinds], now)
        assert {f"message {kind}" for kind in new} <= {each.message for each in out}
        passed += out
    assert held.held() == len(given_) - sum(each.count for each in passed)
    passed += held.release()
    assert total(passed) == Counter(f"message {kind}" for kind in given_)
    assert held.held() == 0


def test_a_storm_that_lasts_becomes_ever_fewer_records_that_say_when_it_was_last_seen() -> None:
    held, passed = Holding(), list[Capture]()
    for second in range(3_600):
        passed += held.sift([capture(time=second, count=1_000)], second)
    assert len(passed) < 12 + 3_600 / MOST_SECONDS
    assert passed[-1].time > 3_600 - 2 * MOST_SECONDS
    passed += held.release()
    assert (sum(each.count for each in passed), passed[-1].time) == (3_600_000, 3_599)


def test_what_comes_after_a_pause_without_repeats_goes_on_at_once() -> None:
    held = Holding()
    assert len(held.sift([capture()], 0.0)) == 1
    assert held.sift([capture()], 0.5) == []
    assert held.due(0.5) == FIRST_SECONDS - 0.5
    assert len(held.sift([], 1.0)) == 1
    assert len(held.sift([capture()], 1.0 + 2 * FIRST_SECONDS)) == 1
    assert held.held() == 0
    later = 10 * MOST_SECONDS
    assert len(held.sift([capture()], later)) == 1
    assert held.sift([capture()], later) == []
    assert held.due(later) == FIRST_SECONDS  # and the pauses begin anew


def test_what_somebody_waits_for_or_ends_the_program_or_says_more_is_not_held_back() -> None:
    waited, ended, special = capture(), capture(), capture()
    waited.answer, ended.ended, special.context = Answer(), True, {"order": 7}
    held = Holding()
    for each in (waited, ended, special):
        held.sift([capture()], 0.0)
        assert each in held.sift([each], 0.1)


def test_a_record_never_stands_for_more_than_it_may_and_kinds_are_bounded() -> None:
    held = Holding()
    passed = held.sift([capture(count=limits.COUNT) for _ in range(4)], 0.0)
    assert [each.count for each in passed + held.release()] == [limits.COUNT] * 4
    many = [capture(str(number)) for number in range(3 * holding.KINDS)]
    passed = held.sift(many, 0.0) + held.sift(many, 0.1)
    assert held.held() <= holding.KINDS
    assert total(passed + held.release()) == total(many + many)
