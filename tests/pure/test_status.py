"""The status block: it says what was put into it, and writing it leaves every other byte alone."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.status import BODY_CHARS, Status, needs_update, read_status, replace_status, status_block
from tests.pure.strategies import hostile

around = hostile.filter(lambda text: "error-aggregator-status" not in text)
names = st.dictionaries(hostile.filter(str.isprintable), st.integers(1, 2**53), max_size=4)
times = st.floats(0, 2**40, exclude_max=True)
counts = st.integers(0, 2**53)
statuses = st.builds(
    Status,
    count=counts,
    ever=counts,
    first=times,
    last=times,
    severity=st.integers(0, 3),
    nodes=counts,
    services=names,
    releases=names,
    reopened=counts,
    updated=times,
    as_of=times,
)
SOME = Status(count=3, ever=5, first=1000.0, last=2000.0, severity=1, nodes=2, services={"api": 3}, updated=9000.0)


@given(statuses, around, around)
def test_a_block_is_read_back_as_it_was_written_whatever_stands_around_it(status: Status, before: str, after: str):
    found = read_status(f"{before}\n{status_block(status)}\n{after}")
    assert found == status


@given(statuses, statuses, around, around)
def test_replacing_leaves_every_other_byte_alone(old: Status, new: Status, before: str, after: str):
    body = before + status_block(old) + after
    assert replace_status(body, new) == before + status_block(new) + after


@given(statuses)
def test_names_in_a_block_end_neither_the_comment_nor_the_row(status: Status):
    block = status_block(status)
    assert block.count("-->") == 2
    rows = [line for line in block.split("\n") if line]
    assert all(line.startswith(("|", "<!--")) for line in rows)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in rows[1:-1])


def test_a_block_that_a_human_removed_is_put_at_the_end():
    assert replace_status("their words", SOME) == f"their words\n\n{status_block(SOME)}"
    assert replace_status("", SOME) == status_block(SOME)


def test_a_full_body_is_left_as_it_is():
    full = "x" * BODY_CHARS
    assert replace_status(full, SOME) == full
    almost = "x" * (BODY_CHARS - len(status_block(SOME)) - 2)
    assert len(replace_status(almost, SOME)) == BODY_CHARS


def test_a_block_without_its_end_loses_no_words_between_it_and_the_next():
    half = status_block(SOME).rsplit("\n", 1)[0]
    body = replace_status(f"{half}\nwords", SOME)
    assert "words" in body
    new = msgspec.structs.replace(SOME, count=10)
    assert "between" in replace_status(f"{half}\nbetween\n{status_block(SOME)}", new)


def test_line_ends_of_the_web_editor_do_not_hide_a_block():
    body = f"a\n{status_block(SOME)}\nb".replace("\n", "\r\n")
    assert read_status(body) == SOME
    assert replace_status(body, SOME) == f"a\r\n{status_block(SOME)}\r\nb"


MANGLED = [
    ("count=3", "count=x"),
    ("count=3", "count=-3"),
    ("severity=1", "severity=4"),
    ("first=1000.0", "first=nan"),
    ("last=2000.0", "last=1e999"),
    ("count=3 ", ""),
    ("services=api:3", "services=api"),
    ("nodes=2", "nodes=" + "9" * 5000),
]
UPDATES = [
    (3, 9, 7200, False),
    (9, 10, 7200, True),
    (9, 10, 3599, False),
    (10, 99, 7200, False),
    (999, 1000, 3600, True),
    (1000, 9, 7200, False),
    (3, 30, -60, False),
]


@pytest.mark.parametrize("change", MANGLED)
def test_a_mangled_block_is_no_status(change: tuple[str, str]):
    block = status_block(SOME)
    assert change[0] in block
    assert read_status(block.replace(*change)) is None


@pytest.mark.parametrize(("old", "new", "waited", "due"), UPDATES)
def test_an_issue_is_written_when_its_count_gains_a_digit_and_not_too_often(old: int, new: int, waited: int, due: bool):
    before = msgspec.structs.replace(SOME, count=old, updated=10_000.0)
    assert needs_update(before, msgspec.structs.replace(SOME, count=new), 10_000.0 + waited, 3600) is due


def test_an_issue_without_a_block_is_written():
    assert needs_update(None, SOME, 0, 3600)
