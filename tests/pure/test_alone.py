"""Own pages that nobody else has: noticed, forgotten when somebody has them, and kept by who is short of room."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.alone import Alone
from aggregator.page import PageKey
from aggregator.window import horizon_at, kept, squeezed_horizon
from tests.pure.factories import ALICE

DAY, LENGTH = 86_400.0, 900
NOW = 100 * DAY


def key(number: int) -> PageKey:
    return PageKey(ALICE, 0, number)


def test_what_changed_while_a_comparison_was_made_may_not_be_elsewhere() -> None:
    alone = Alone()
    alone.changed([key(1), key(2)])
    mark = alone.mark()
    alone.changed([key(2), key(3)])
    alone.agreed(mark)
    assert set(alone) == {key(2), key(3)}
    alone.agreed(alone.mark())
    assert set(alone) == set()


@given(st.lists(st.sampled_from(["change", "compare", "agree"]), max_size=20))
def test_nothing_is_thought_to_be_elsewhere_that_changed_after_the_last_agreement_began(steps: list[str]) -> None:
    alone, mark = Alone(), 0
    since: set[PageKey] = set()
    for number, step in enumerate(steps):
        if step == "change":
            alone.changed([key(number)])
            since.add(key(number))
        elif step == "compare":
            mark = alone.mark()
            since.clear()
        else:
            alone.agreed(mark)
        assert since <= set(alone)


@given(st.integers(0, 95), st.one_of(st.none(), st.integers(0, 96)))
def test_a_squeezed_horizon_never_passes_a_page_that_nobody_else_has(windows: int, alone_at: int | None) -> None:
    lowest = horizon_at(NOW, kept(DAY), LENGTH)
    alone = None if alone_at is None else lowest + (alone_at - 10) * LENGTH
    horizon = squeezed_horizon(NOW, DAY, LENGTH, windows, alone)
    assert lowest <= horizon <= lowest + windows * LENGTH
    if alone is not None and alone >= lowest:
        assert horizon <= alone
