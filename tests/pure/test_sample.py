"""Samples: every record of the day has the same chance, and none carries a secret."""

import math
import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from aggregator.record import ErrorRecord, ExceptionInfo, Frame, decode, encode
from aggregator.sample import SLOTS, next_due, redacted

SECRET = "ghp_" + "a1B2" * 9


@given(st.integers(SLOTS, 10**6), st.floats(0.0, 1.0, exclude_max=True))
def test_the_next_record_comes_later_the_rarer_it_is_meant_to_be(passed: int, chance: float) -> None:
    due = next_due(passed, chance)
    assert due > passed
    survives = passed * (passed - 1) / ((due - 1) * (due - 2)) if due > passed + 1 else 1.0
    assert survives >= (1 - chance) * (1 - 1e-9)  # none up to the one before it was kept
    assert passed * (passed - 1) / (due * (due - 1)) <= (1 - chance) * (1 + 1e-9)


def test_the_first_ones_are_always_kept() -> None:
    assert [next_due(passed, 0.5) for passed in range(SLOTS)] == [1, 2]


def test_each_of_many_records_is_kept_equally_often() -> None:
    chance, records, rounds = random.Random(3), 20, 4000
    kept: Counter[int] = Counter()
    for _ in range(rounds):
        slots: list[int] = []
        due = 1
        for number in range(1, records + 1):
            if number == due:
                if len(slots) < SLOTS:
                    slots.append(number)
                else:
                    slots[chance.randrange(SLOTS)] = number
                due = next_due(number, chance.random())
        kept.update(slots)
    expected = rounds * SLOTS / records
    assert all(abs(kept[number] - expected) < 6 * math.sqrt(expected) for number in range(1, records + 1))


def test_no_part_of_a_sample_carries_a_secret_and_homes_are_not_named() -> None:
    record = ErrorRecord(
        message=f"bad {SECRET}",
        messages=[f"because of {SECRET}"],
        type="Error",
        service=SECRET,
        release=SECRET,
        fingerprint=[SECRET],
        exceptions=[
            ExceptionInfo(
                "Error", SECRET, frames=[Frame(SECRET, SECRET, f"/home/alice/{SECRET}.py", source=f"x = '{SECRET}'")]
            )
        ],
        logs=[f"token {SECRET}", "/home/alice/x"],
        context={"password": "tr0ub4dor", "nested": {"list": [SECRET, "/home/alice/x"]}, "cwd": "/home/alice"},
    )
    kept = redacted(record, {"uid": 7})
    data = encode(kept)
    assert SECRET.encode() not in data
    assert b"tr0ub4dor" not in data
    assert b"alice" not in data
    assert kept.context["sender"] == {"uid": 7}
    assert decode(data) == kept
