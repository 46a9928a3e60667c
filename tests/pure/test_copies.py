"""Another machine with the same key is noticed; a former run, and what a disk forgot, is not taken for one."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aggregator.arrivals import Incoming, Terms
from aggregator.book import Book
from aggregator.copies import APART, LASTING, REMEMBERED, Copies
from aggregator.fleet import Fleet
from aggregator.ledger import Ledger
from aggregator.message import encode
from aggregator.page import Origin, Page, PageKey
from aggregator.presence import Peers
from tests.pure.factories import tally
from tests.pure.test_fleet import FLEET, LENGTH, NOW, presence, roster, signer, verify_peer

BEGAN = 1_000_000.0


def test_a_run_that_lives_beside_this_one_is_noticed_until_it_is_silent() -> None:
    copies = Copies("mine", BEGAN)
    for second in range(20, 60, 5):
        copies.sign("other", BEGAN + second, float(second))
    assert copies.running(60.0)
    assert not copies.running(55.0 + LASTING)


def test_one_sign_or_many_of_one_moment_are_none() -> None:
    copies = Copies("mine", BEGAN)
    for second in range(100):
        copies.sign("other", BEGAN + 20, float(second))
        copies.sign("mine", BEGAN + second, float(second))
    assert not copies.running(100.0)


@given(st.lists(st.tuples(st.floats(-1e6, APART), st.floats(0, 1e6)), max_size=30), st.sampled_from("abc"))
def test_whatever_is_left_of_runs_that_ended_before_this_one_began_says_nothing(
    signs: list[tuple[float, float]], run: str
) -> None:
    copies = Copies("mine", BEGAN)
    for at, elapsed in sorted(signs, key=lambda each: each[1]):
        copies.sign(run, BEGAN + at, elapsed)
        assert not copies.running(elapsed)


def test_runs_that_are_remembered_are_bounded() -> None:
    copies = Copies("mine", BEGAN)
    for number in range(10 * REMEMBERED):
        copies.sign(f"{number}", BEGAN + 100, float(number))
    assert len(vars(copies)["_first"]) <= REMEMBERED


def alice(began: float = NOW) -> Fleet:
    terms = Terms(FLEET, LENGTH, verify_peer)
    return Fleet(Origin("alice", "1" * 16), terms, roster(), Ledger(), Book(), signer(b"alice"), began=began)


def page_of(run: str, last: float) -> Incoming:
    return Incoming(pages=[(Page(PageKey(Origin("alice", run * 16), 900, 0), int(last), b""), [tally(1, last=last)])])


def test_pages_and_presences_under_this_nodes_key_are_signs_of_life() -> None:
    by_pages, by_presence = alice(), alice()
    for second in (20.0, 40.0):
        by_pages.took(page_of("2", NOW + second))
        by_presence.overheard(encode(presence(at=NOW + second, run="2" * 16)))
        for fleet in (by_pages, by_presence):
            assert fleet.copied(1_000.0 + second) is (second == 40.0)
    former = alice()
    for second in (-40.0, -20.0, 0.0):
        former.took(page_of("2", NOW + second))
        former.overheard(encode(presence(at=NOW + second, run="2" * 16)))
        former.overheard(encode(presence(at=NOW + 500 + second, run="2" * 16, leaving=True)))
        former.overheard(b"nonsense")
        assert not former.copied(1_000.0 + second)


def test_others_see_that_two_runs_of_a_node_speak_by_turns_and_let_neither_stand() -> None:
    peers = Peers()
    for second in range(0, 60, 5):
        run = "one" if second % 10 else "two"
        peers.hear("alice", presence(at=float(second), run=run), float(second))
    assert peers.copied("alice", 60.0)
    assert peers.candidates("acme/app", 56.0) == []
    for second in range(60, 120, 5):
        peers.hear("alice", presence(at=float(second), run="one"), float(second))
    assert not peers.copied("alice", 120.0)
    assert peers.candidates("acme/app", 120.0) == ["alice"]


def test_what_a_former_run_said_and_somebody_passes_on_again_is_not_believed() -> None:
    peers = Peers()
    for second in range(0, 60, 5):
        peers.hear("alice", presence(at=100.0 + second, run="old"), float(second))
    for second in range(60, 120, 5):
        peers.hear("alice", presence(at=100.0 + second, run="new"), float(second))
    for second, at in ((116.0, 110.0), (127.0, 115.0)):
        assert not peers.hear("alice", presence(at=at, run="old"), second)
        assert not peers.hear("alice", presence(at=at + 1, run="old", leaving=True), second)
        assert not peers.hear("alice", presence(at=at, run="older"), second)
        assert peers.hear("alice", presence(at=100.0 + second, run="new"), second)
        assert not peers.copied("alice", second)
        assert peers.candidates("acme/app", second) == ["alice"]


def test_who_restarts_with_its_clock_set_back_is_heard_once_its_former_run_is_away() -> None:
    peers = Peers()
    peers.hear("alice", presence(at=10_000.0, run="old"), 0.0)
    heard = [peers.hear("alice", presence(at=100.0 + second, run="new"), float(second)) for second in range(5, 30, 5)]
    assert heard == [False, False, False, True, True]
    assert not peers.hear("alice", presence(at=10_000.0, run="old"), 26.0)
    assert peers.state("alice", 26.0) == "here"


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.floats(0, APART - 0.1))
def test_a_node_that_restarts_often_is_one_though_late_words_of_its_former_runs_arrive(
    lengths: list[int], late: float
) -> None:
    peers, now = Peers(), 0.0
    heard: list[tuple[float, str, float]] = []
    for number, length in enumerate(lengths):
        for second in range(0, length, 5):
            heard.append((now + second + (late if second + 5 >= length else 0.0), f"run {number}", now + second))
        now += length
    for elapsed, run, at in sorted(heard):
        peers.hear("alice", msgspec.structs.replace(presence(at=at), run=run), elapsed)
        assert not peers.copied("alice", elapsed)
