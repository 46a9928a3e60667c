"""The book is the same on every node, whatever the order in which things are heard."""

import random
from copy import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import book as books
from aggregator import rulings
from aggregator.book import Book, Fact, FactKey, Ruling, Standing, join, sound_fact
from aggregator.rulings import canonical, edge, joined, sound_ruling
from tests.pure.factories import name

numbers = st.integers(1, 5)
facts = st.one_of(
    st.builds(Fact, st.sampled_from([Standing.PENDING, Standing.CLAIMED]), st.floats(0, 10)),
    st.builds(Fact, st.just(Standing.FILED), st.floats(0, 10), numbers),
)
keys = st.builds(FactKey, st.just("acme/app"), st.sampled_from([name(1), name(2)]), st.integers(0, 1))
values = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.text(max_size=2), st.just({"until": "forever"}))
registers = st.builds(
    Ruling,
    st.sampled_from(["mute", "edge", "later"]),
    st.sampled_from([name(1), edge(name(1), name(2))]),
    values,
    st.integers(1, 3),
    st.sampled_from(["alice", "bob"]),
)
entries = st.lists(st.one_of(st.tuples(keys, facts), registers), max_size=12)


@given(facts, facts, facts)
def test_facts_join_in_any_order_and_any_number_of_times(a: Fact, b: Fact, c: Fact) -> None:
    assert join(a, b) == join(b, a)
    assert join(join(a, b), c) == join(a, join(b, c))
    assert join(a, a) == a
    assert join(a, join(a, b)) == join(a, b)


@given(facts, facts)
def test_a_fact_only_rises_and_the_lower_number_wins(a: Fact, b: Fact) -> None:
    both = join(a, b)
    assert both.standing >= max(a.standing, b.standing)
    assert both.since <= min(a.since, b.since)
    assert both.number == min((f.number for f in (a, b) if f.number), default=0)


def told(book: Book, heard: list[Any]) -> list[bool]:
    return [book.put_ruling(each) if isinstance(each, Ruling) else book.put_fact(*each) for each in heard]


@given(entries, st.randoms(use_true_random=False))
def test_books_that_heard_the_same_say_the_same(heard: list[Any], order: random.Random) -> None:
    one, other = Book(), Book()
    told(one, heard)
    shuffled = [*heard, *heard[: len(heard) // 2]]
    order.shuffle(shuffled)
    told(other, shuffled)
    assert one.sums.root() == other.sums.root()
    assert dict(one.facts()) == dict(other.facts())
    assert {(r.kind, r.subject): r for r in one.rulings()} == {(r.kind, r.subject): r for r in other.rulings()}


@given(entries)
def test_put_says_whether_anything_changed_and_leaves_its_input_alone(heard: list[Any]) -> None:
    book = Book()
    for each in heard:
        before, was = book.sums.root(), copy(each)
        (changed,) = told(book, [each])
        assert changed == (book.sums.root() != before)
        assert each == was
        assert told(book, [each]) == [False]


@given(entries, st.sampled_from(["mute", "edge"]))
def test_a_new_ruling_overrules_all_that_was_seen(heard: list[Any], kind: str) -> None:
    book = Book()
    told(book, heard)
    ruling = book.rule(kind, name(1), "new", "aaa")
    assert book.put_ruling(ruling)
    assert book.value(kind, name(1)) == "new"


def test_a_book_that_is_full_of_rulings_takes_newer_ones_but_no_further_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(books.ROOM, "mute", 2)
    book = Book()
    for number in (1, 2, 3):
        assert book.put_ruling(book.rule("mute", name(number), True, "alice")) == (number < 3)
    assert book.put_ruling(book.rule("mute", name(2), None, "alice"))
    assert book.value("mute", name(3)) is None


def test_what_others_rule_leaves_room_for_what_this_node_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(books.ROOM, "generation", 16)
    book = Book()
    flood = [Ruling("generation", f"x{number}", 1, 1, "mallory") for number in range(30)]
    book.put_ruling(flood[0])
    assert book.taken(flood) == flood[1:16]  # what a store keeps is what finds room, however much comes at once
    for ruling in flood:
        book.put_ruling(ruling)
    for number, fits in ((1, True), (2, True), (3, False)):
        own = book.rule("generation", name(number), 1, "alice")
        assert not book.put_ruling(own)
        assert book.taken([own], own=True) == [own] * fits
        assert book.put_ruling(own, own=True) == fits
    assert book.full() == ["generation"]


def test_no_kind_crowds_out_another_and_unknown_kinds_share_one_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "OTHER_KINDS", 2)
    monkeypatch.setitem(books.ROOM, "route", 3)
    book = Book()
    for number in range(9):
        assert book.put_ruling(book.rule("route", name(number), "acme/app", "alice")) == (number < 3)
        assert book.put_ruling(book.rule(f"kind {number}", "x", True, "mallory")) == (number < 2)
        for kind in ("ban", "member", "mute"):
            assert book.put_ruling(book.rule(kind, name(number), True, "alice"))
    assert not book.has_room("kind 5", "x")
    assert not book.has_room("route", name(5))
    assert book.has_room("route", name(1))


def test_what_was_ruled_on_is_told_once() -> None:
    book = Book()
    assert book.put_ruling(book.rule("mute", name(1), True, "alice"))
    assert book.put_ruling(book.rule("edge", edge(name(3), name(2)), True, "alice"))
    assert book.take_changed() == {name(1), name(2), name(3)}
    assert book.take_changed() == set()


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.booleans()), max_size=8))
def test_what_is_joined_is_an_equivalence_and_its_smallest_name_is_canonical(
    ruled: list[tuple[int, int, bool]],
) -> None:
    book = Book()
    for a, b, holds in ruled:
        if a != b:
            book.put_ruling(book.rule("edge", edge(name(a), name(b)), holds, "alice"))
    for number in range(1, 7):
        group = joined(book, name(number))
        assert name(number) in group
        assert {joined(book, each) for each in group} == {group}
        assert {canonical(book, each) for each in group} == {min(group)}


def test_a_split_removes_the_edge() -> None:
    book = Book()
    book.put_ruling(book.rule("edge", edge(name(2), name(1)), True, "alice"))
    assert canonical(book, name(2)) == name(1)
    book.put_ruling(book.rule("edge", edge(name(1), name(2)), None, "alice"))
    assert canonical(book, name(2)) == name(2)


def test_nobody_can_use_up_the_generations_of_a_root() -> None:
    book = Book()
    assert rulings.next_generation(book, name(1)) == 1
    book.put_fact(FactKey("acme/app", name(1), 0), Fact(Standing.FILED, 1.0, 7))
    book.put_ruling(book.rule("generation", name(1), rulings.GENERATIONS - 1, "mallory"))
    assert rulings.next_generation(book, name(1)) == 1
    assert sound_ruling(book.rule("generation", name(1), 1, "alice"))


# What comes from outside.

BAD = [
    Ruling("edge", name(1), True, 1, "bob"),
    Ruling("edge", f"{name(2)} {name(1)}", True, 1, "bob"),
    Ruling("edge", f"{name(1)} {name(1)}", True, 1, "bob"),
    Ruling("edge", f"{name(1)} {name(2)} {name(3)}", True, 1, "bob"),
    Ruling("mute", f"{name(1)} ", True, 1, "bob"),
    Ruling("mute", "", {"until": "forever"}, 1, "bob"),
    Ruling("mute", name(1), True, 1, "bob"),
    Ruling("mute", name(1), {"until": "rate", "count": "many"}, 1, "bob"),
    Ruling("never", name(1), ["unhashable"], 1, "bob"),
    Ruling("drop", name(1), "yesterday", 1, "bob"),
    Ruling("drop", name(1), float("nan"), 1, "bob"),
    Ruling("drop", name(1), 2.0, 1, "bob"),
    Ruling("mute", name(1), {"until": "forever", "also": 1.5}, 1, "bob"),
    Ruling("generation", name(1), -1, 1, "bob"),
    Ruling("generation", name(1), 1.5, 1, "bob"),
    Ruling("route", name(1), 5, 1, "bob"),
    Ruling("later", name(1), {1: "no one encoding", "a": 2}, 1, "bob"),
    Ruling("later", name(1), [2**53], 1, "bob"),
    Ruling("later", name(1), [{"a": 0.5}], 1, "bob"),
]
GOOD = [
    Ruling("edge", edge(name(2), name(1)), True, 1, "bob"),
    Ruling("edge", edge(name(2), name(1)), None, 1, "bob"),
    Ruling("mute", name(1), {"until": "forever"}, 1, "bob"),
    Ruling("mute", name(1), {"until": "rate", "count": 3}, 1, "bob"),
    Ruling("mute", name(1), {"until": "release", "release": "2"}, 1, "bob"),
    Ruling("never", name(1), "GONE", 1, "bob"),
    Ruling("drop", name(1), 15, 1, "bob"),
    Ruling("generation", name(1), 2, 1, "bob"),
    Ruling("route", name(1), "acme/app", 1, "bob"),
    Ruling("member", "peer", b"chain", 1, "bob"),
    Ruling("later", "anything at all", {"a": [1, None]}, 1, "bob"),
]


@pytest.mark.parametrize("ruling", BAD, ids=str)
def test_a_ruling_that_makes_no_sense_is_not_sound(ruling: Ruling) -> None:
    assert not sound_ruling(ruling)


@pytest.mark.parametrize("ruling", GOOD, ids=str)
def test_a_ruling_that_makes_sense_is_sound_and_can_be_asked_about(ruling: Ruling) -> None:
    assert sound_ruling(ruling)
    book = Book()
    book.put_ruling(ruling)
    for root_name in (name(1), name(2)):
        rulings.canonical(book, root_name)
        rulings.muted(book, root_name, 1, frozenset())
        rulings.generation(book, root_name)


@pytest.mark.parametrize(
    ("key", "fact"),
    [
        (FactKey("", name(1)), Fact(Standing.PENDING, 1.0)),
        (FactKey("acme/app", "r" * 300), Fact(Standing.PENDING, 1.0)),
        (FactKey("acme/app", name(1), -1), Fact(Standing.PENDING, 1.0)),
        (FactKey("acme/app", name(1)), Fact(Standing.PENDING, float("nan"))),
        (FactKey("acme/app", name(1)), Fact(Standing.PENDING, float("-inf"))),
        (FactKey("acme/app", name(1)), Fact(Standing.FILED, 1.0, -5)),
        (FactKey("acme/app", name(1)), Fact(Standing.FILED, 1.0)),
        (FactKey("acme/app", name(1)), Fact(Standing.PENDING, 1.0, 7)),
    ],
)
def test_a_fact_that_makes_no_sense_is_not_sound(key: FactKey, fact: Fact) -> None:
    assert not sound_fact(key, fact)


@given(keys, facts)
def test_every_fact_that_a_node_makes_is_sound_and_survives_the_wire(key: FactKey, fact: Fact) -> None:
    assert sound_fact(key, fact)
    wire = msgspec.msgpack.encode((key, fact))
    assert msgspec.msgpack.decode(wire, type=tuple[FactKey, Fact]) == (key, fact)
