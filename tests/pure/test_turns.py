"""Whose turn it is to compare: one of two that agree, both where they differ, never without end."""

import random

from aggregator.turns import EVERY, LATEST, SOONEST, Turns


def test_of_two_that_agree_one_compares_and_the_other_stays_silent() -> None:
    alice, bob, draw, asked = Turns(), Turns(), random.Random(1), {"alice": 0, "bob": 0}
    for step in range(1000):
        now = step * 0.1
        for me, other, my_name, its_name in ((alice, bob, "alice", "bob"), (bob, alice, "bob", "alice")):
            if me.mine(its_name, now):
                me.asked(its_name, now, draw.random())
                other.heard(my_name, agrees=True, elapsed=now)
                asked[my_name] += 1
    assert sorted(asked.values())[0] <= 1
    assert 100 / (EVERY * LATEST) - 1 <= sum(asked.values()) <= 100 / (EVERY * SOONEST) + 2


def test_when_the_one_that_compared_falls_silent_the_other_takes_over() -> None:
    bob = Turns()
    bob.heard("alice", agrees=True, elapsed=100.0)
    assert not bob.mine("alice", 100.0 + EVERY * LATEST)
    assert bob.mine("alice", 100.0 + 2 * EVERY)


def test_who_hears_of_a_difference_asks_at_once() -> None:
    bob = Turns()
    bob.heard("alice", agrees=True, elapsed=100.0)
    bob.heard("alice", agrees=False, elapsed=102.0)
    assert bob.mine("alice", 102.0)


def test_a_difference_that_stays_is_asked_about_no_more_often_than_any_other_comparison() -> None:
    bob, asked = Turns(), 0
    for step in range(1000):
        now = step * 0.1
        bob.heard("alice", agrees=False, elapsed=now)
        if bob.mine("alice", now):
            bob.asked("alice", now, 0.0)
            asked += 1
    assert asked <= 100 / (EVERY * SOONEST) + 1


def test_a_new_neighbour_is_asked_at_once_and_a_former_one_is_forgotten() -> None:
    bob = Turns()
    assert bob.mine("alice", 0.0)
    bob.asked("alice", 0.0, 0.5)
    assert not bob.mine("alice", 0.1)
    bob.keep([])
    assert bob.mine("alice", 0.1)


def test_the_wait_ends_with_the_first_turn_and_is_never_longer_than_a_round() -> None:
    bob = Turns()
    assert bob.wait([], 0.0) == EVERY
    bob.heard("alice", agrees=True, elapsed=0.0)
    assert bob.wait(["alice"], 2.5) == EVERY * 1.5 - 2.5
    assert bob.wait(["alice", "carol"], 2.5) == 0.0
