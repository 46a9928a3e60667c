"""Reading by number: a deleted issue is a number that existed; any other refusal ends the reading."""

import pytest

from aggregator.bundle import Bundle
from aggregator.filing.calls import ReadIssue, Rejected
from aggregator.filing.case import Case, Memory
from aggregator.filing.claim import Claim
from aggregator.filing.recover import read_by_number
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from aggregator.tally import total
from tests.pure.factories import name, tally

SETTINGS = Settings(node="alice", login="bot", marker_key=b"k" * 32, missing_in_a_row=3)
SUM = total([("alice", tally())])
assert SUM is not None
BUNDLE = Bundle(name(1), frozenset({name(1)}), "acme/shop", 0, 1.0, (name(1),), SUM, 1)
HEAD = Claim(
    repository="acme/shop",
    root=name(1),
    nonce="n",
    node="bob",
    login="bot",
    attempt=1,
    state="creating",
    floor=10,
    at=1.0,
)


def test_a_deleted_issue_counts_as_a_number_that_existed() -> None:
    memory = Memory()
    steps = read_by_number(Case(BUNDLE, 1.0, "n"), memory, SETTINGS, HEAD)
    asked = [next(steps), steps.throw(Rejected(Reason.GONE))]
    asked += steps  # None is sent for each: the number does not exist
    assert asked == [ReadIssue("acme/shop", number) for number in (11, 12, 13, 14)]
    assert memory.read_to == 11


def test_a_refusal_of_every_number_ends_the_reading() -> None:
    steps = read_by_number(Case(BUNDLE, 1.0, "n"), Memory(), SETTINGS, HEAD)
    next(steps)
    with pytest.raises(Rejected):
        steps.throw(Rejected(Reason.FORBIDDEN))
