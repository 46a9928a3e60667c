"""Context values become plain bounded JSON whatever they are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import limits
from aggregator.client.text import MARK, clean, cut
from aggregator.client.values import ITEMS, plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1, 1) | st.text("abc…"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_plain_data_stays_what_it_is(value: object) -> None:
    assert plain(value) == value


class Hostile(dict[Any, Any]):
    def items(self) -> Any:
        raise RuntimeError("no items")

    def __repr__(self) -> str:
        raise SystemExit(1)


class HostileText(str):
    __slots__ = ()

    def __getitem__(self, key: object) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Hostile(), "<Hostile that cannot be shown>"),
        (HostileText("text"), "text"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (2**64, str(2**64)),
        (b"\x00", "b'\\x00'"),
        (3 + 4j, "(3+4j)"),
        ((1, {2}), [1, [2]]),
        ({1: "one"}, {"1": "one"}),
        ("\ud800", "\\ud800"),
    ],
)
def test_everything_else_falls_back_to_text(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_nesting_does_not_multiply() -> None:
    value: object = "x"
    for _ in range(6):
        value = [value] * 100
    assert len(json.dumps(plain(value))) < 100 * ITEMS


def test_a_cycle_ends() -> None:
    value: list[object] = []
    value.append(value)
    json.dumps(plain(value))


def test_lists_maps_and_strings_are_bounded() -> None:
    assert len(str(plain("x" * 10**6))) <= limits.CONTEXT_CHARS
    bounded = plain({str(n): n for n in range(10**4)})
    assert isinstance(bounded, dict)
    assert len(bounded) == limits.CONTEXT_ITEMS


@given(st.text(), st.integers(2, 50))
def test_cut_never_exceeds_its_bound_and_leaves_short_text_alone(text: str, chars: int) -> None:
    assert len(cut(text, chars)) <= chars
    assert len(text) > chars or cut(text, chars) == text


def test_cut_drops_the_word_it_went_through() -> None:
    assert cut("hello ghp_0123456789", 12) == "hello" + MARK


@given(st.text(st.characters()))
def test_clean_text_can_be_encoded(text: str) -> None:
    clean(text + "\udcff").encode()
