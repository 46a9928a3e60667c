"""Two nodes that pull from each other end with the same pages and the same book, and notice when they have."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import answering, questions, sync
from aggregator.answering import answer
from aggregator.book import Book, Fact, FactKey, Ruling, Standing
from aggregator.bookdigest import BUCKETS
from aggregator.digest import Digest, Version
from aggregator.ledger import Ledger
from aggregator.page import Origin, Page, PageKey, read_body, write_body
from aggregator.questions import (
    ANSWER_BYTES,
    Answer,
    BadAnswer,
    BookEntries,
    Compare,
    Compared,
    FetchBook,
    Has,
    Origins,
    OriginSums,
    Question,
    VersionList,
    Versions,
)
from aggregator.sync import Pulled, pull
from tests.pure.factories import ALICE, BOB, CAROL, name, tally

LENGTH = 900
NOW = 10 * LENGTH + 5.0
OPEN_FROM = 9 * LENGTH


def page(origin: Origin, window: int, number: int, sequence: int, count: int) -> Page:
    body = write_body([tally(n, count) for n in range(1, 4)])
    return Page(PageKey(origin, window * LENGTH, number), sequence, body, b"s")


some_pages = st.lists(
    st.builds(
        page,
        st.sampled_from([ALICE, BOB, CAROL]),
        st.integers(0, 10),
        st.integers(0, 3),
        st.integers(1, 4),
        st.integers(1, 9),
    ),
    max_size=30,
)
keys = st.builds(FactKey, st.just("acme/app"), st.integers(1, 20).map(name), st.integers(0, 1))
facts = st.builds(Fact, st.sampled_from(Standing), st.floats(0, 10), st.integers(0, 5))
rulings = st.builds(
    Ruling,
    st.sampled_from(["mute", "never"]),
    st.integers(1, 9).map(name),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from(["alice", "bob"]),
)
some_entries = st.tuples(st.lists(st.tuples(keys, facts), max_size=20), st.lists(rulings, max_size=20))


By = Callable[[Question, Has], Answer]


class Side:
    """One of the two."""

    def __init__(self, horizon: int = 0) -> None:
        self.ledger, self.digest, self.book = Ledger(horizon), Digest(), Book()

    @property
    def has(self) -> Has:
        return Has(self.ledger, self.digest, self.book)

    def take(self, pages: list[Page]) -> None:
        for each in pages:
            if self.ledger.put(each, read_body(each.body)):
                self.digest.put(each)

    def enter(self, entries: tuple[list[tuple[FactKey, Fact]], list[Ruling]]) -> None:
        for key, fact in entries[0]:
            self.book.put_fact(key, fact)
        for ruling in entries[1]:
            self.book.put_ruling(ruling)

    def pull_from(
        self, other: "Side", now: float = NOW, refused: frozenset[Version] = frozenset(), by: By = answer
    ) -> Pulled:
        """One pull, over bytes."""
        steps = pull(self.has, OPEN_FROM, now, refused)
        reply: Answer | None = None
        while True:
            try:
                question = next(steps) if reply is None else steps.send(reply)
            except StopIteration as end:
                pulled: Pulled = end.value
                self.take(pulled.pages)
                self.enter((pulled.entries.facts, pulled.entries.rulings))
                return pulled
            asked = msgspec.msgpack.decode(msgspec.msgpack.encode(question), type=Question)
            reply = msgspec.msgpack.decode(msgspec.msgpack.encode(by(asked, other.has)), type=Answer)


def pages_of(side: Side) -> set[bytes]:
    return {msgspec.msgpack.encode(each) for each in side.ledger.pages()}


@given(some_pages, some_pages)
def test_after_each_pulled_once_both_have_the_same_pages(left: list[Page], right: list[Page]) -> None:
    a, b = Side(), Side()
    a.take(left)
    b.take(right)
    assert a.pull_from(b).complete
    assert b.pull_from(a).complete
    assert pages_of(a) == pages_of(b)
    assert a.pull_from(b).pages == []


@given(some_entries, some_entries)
def test_after_each_pulled_once_both_have_the_same_book(left: object, right: object) -> None:
    a, b = Side(), Side()
    a.enter(left)  # pyright: ignore[reportArgumentType]  # hypothesis does not tell what it drew
    b.enter(right)  # pyright: ignore[reportArgumentType]
    a.pull_from(b)
    b.pull_from(a)
    assert dict(a.book.facts()) == dict(b.book.facts())
    assert {(r.kind, r.subject): r for r in a.book.rulings()} == {(r.kind, r.subject): r for r in b.book.rulings()}


@given(some_pages, st.integers(0, 10), st.integers(0, 10))
def test_nothing_below_either_horizon_is_asked_for_or_given(some: list[Page], mine: int, theirs: int) -> None:
    a, b = Side(mine * LENGTH), Side(theirs * LENGTH)
    b.take(some)
    pulled = a.pull_from(b)
    assert all(each.key.window >= max(mine, theirs) * LENGTH for each in pulled.pages)
    assert {each.key for each in pulled.pages} == {p.key for p in b.ledger.pages() if p.key.window >= mine * LENGTH}


def test_equal_sides_exchange_one_question() -> None:
    a, b = Side(), Side()
    for side in (a, b):
        side.take([page(ALICE, 9, 0, 1, 1)])
    steps = pull(a.has, OPEN_FROM, NOW)
    question = next(steps)
    assert isinstance(question, Compare)
    reply = answer(question, b.has)
    assert reply == Compared(0, [], book=False, same=True)
    with pytest.raises(StopIteration):
        steps.send(reply)


def test_more_pages_than_one_answer_holds_are_fetched_in_several() -> None:
    a, b = Side(), Side()
    big = [tally(n, title="x" * 100) for n in range(64)]
    b.take([Page(PageKey(ALICE, 9 * LENGTH, n), 1, write_body(big), b"s") for n in range(100)])
    assert a.pull_from(b).complete
    assert len(pages_of(a)) == 100


def test_one_pull_is_bounded_and_the_next_goes_on() -> None:
    a, b = Side(), Side()
    b.take([page(ALICE, w, n, 1, 1) for w in range(10) for n in range(128)])
    first = a.pull_from(b)
    assert len(first.pages) == sync.PULLED
    assert not first.complete
    assert a.pull_from(b).complete
    assert pages_of(a) == pages_of(b)


def origins(count: int) -> list[Origin]:
    return [Origin(f"peer {number:02d}", "r" * 16) for number in range(count)]


def few(monkeypatch: pytest.MonkeyPatch, listed: int) -> None:
    """Lists hold no more than this."""
    monkeypatch.setattr(answering, "LISTED", listed)
    monkeypatch.setattr(sync, "LISTED", listed)


@pytest.mark.parametrize("lacking", [range(9, 10), range(4, 5), range(0, 10, 3), range(10)])
def test_what_differs_is_found_behind_any_number_of_origins_that_do_not(
    lacking: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, 4)
    a, b = Side(), Side()
    b.take([page(origin, 9, 0, 1, 1) for origin in reversed(origins(10))])
    a.take([page(origin, 9, 0, 1, 1) for number, origin in enumerate(origins(10)) if number not in lacking])
    assert a.pull_from(b).complete
    assert pages_of(a) == pages_of(b)


def test_origins_are_gone_through_from_window_to_window(monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, 4)
    a, b = Side(), Side()
    b.take([page(origin, window, 0, 1, 1) for origin in origins(6) for window in (7, 8, 9)])
    a.take([page(origin, window, 0, 1, 1) for origin in origins(5) for window in (7, 8, 9)])
    assert a.pull_from(b).complete
    assert pages_of(a) == pages_of(b)


def test_what_is_lacking_is_found_behind_more_versions_than_one_answer_names(monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, 4)
    a, b = Side(), Side()
    b.take([page(origin, 9, number, 1, 1) for origin in origins(4) for number in range(3)])
    refused = frozenset(v for origin in origins(3) for v in b.digest.versions(9 * LENGTH, origin))
    pulled = a.pull_from(b, refused=refused)
    assert pulled.complete
    assert {each.key.origin for each in pulled.pages} == {origins(4)[3]}
    assert len(pulled.pages) == 3


def test_a_neighbour_that_names_the_first_origins_only_is_asked_no_further_and_the_pull_is_not_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few(monkeypatch, 4)
    a, b = Side(), Side()
    b.take([page(origin, 9, 0, 1, 1) for origin in origins(10)])
    a.take([page(origin, 9, 0, 1, 1) for origin in origins(9)])
    asked: list[Question] = []

    def first_only(question: Question, has: Has) -> Answer:
        asked.append(question)
        return answer(Origins(question.windows) if isinstance(question, Origins) else question, has)

    assert not a.pull_from(b, by=first_only).complete
    assert len(asked) == 3


def test_the_first_question_about_origins_is_the_one_that_was_always_asked() -> None:
    said = msgspec.msgpack.encode(Origins([900]))
    assert msgspec.msgpack.decode(said) == {"type": "origins", "windows": [900]}
    assert msgspec.msgpack.decode(said, type=Question) == Origins([900], after=None)


def test_what_was_refused_is_not_asked_for_again() -> None:
    a, b = Side(), Side()
    b.take([page(ALICE, 9, 0, 1, 1)])
    refused = frozenset(b.digest.versions(9 * LENGTH, ALICE))
    steps = pull(a.has, OPEN_FROM, NOW, refused)
    asked = [next(steps)]
    asked += [steps.send(answer(asked[-1], b.has))]
    asked += [steps.send(answer(asked[-1], b.has))]
    last = answer(asked[-1], b.has)
    with pytest.raises(StopIteration):
        steps.send(last)
    assert [type(question).__name__ for question in asked] == ["Compare", "Origins", "Versions"]


def test_a_page_that_was_not_asked_for_is_not_taken() -> None:
    steps = pull(Side().has, OPEN_FROM, NOW)
    next(steps)
    with pytest.raises(BadAnswer):
        steps.send(questions.Pages([page(ALICE, 9, 0, 1, 1)]))


def test_sums_that_cancel_under_exclusive_or_do_not_cancel_here() -> None:
    digest, twice = Digest(), Digest()
    digest.put(page(ALICE, 9, 0, 1, 1))
    for number in (0, 1):
        twice.put(page(ALICE, 9, number, 1, 1))
    assert digest.total(0, questions.FAR) != twice.total(0, questions.FAR)


@given(some_pages, st.integers(0, 10))
def test_a_digest_is_that_of_what_is_left_after_dropping(some: list[Page], horizon: int) -> None:
    side, fresh = Side(), Side()
    side.take(some)
    side.digest.drop(horizon * LENGTH)
    fresh.take([p for p in side.ledger.pages() if p.key.window >= horizon * LENGTH])
    assert side.digest.total(0, questions.FAR) == fresh.digest.total(0, questions.FAR)


def test_a_book_larger_than_an_answer_arrives_whole() -> None:
    a, b = Side(), Side()
    for n in range(5_000):
        b.book.put_fact(FactKey("acme/app", name(n)), Fact(Standing.PENDING, float(n)))
        b.book.put_ruling(Ruling("route", name(n), "acme/app", 1, "bob"))
    for turn in range(20):
        complete = a.pull_from(b, NOW + 1.777 * turn).complete
        assert complete == (a.book.sums.root() == b.book.sums.root())
    assert a.book.sums.root() == b.book.sums.root()
    assert len(msgspec.msgpack.encode(answer(FetchBook([]), b.has))) < 2 * ANSWER_BYTES


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_of_a_bucket_larger_than_an_answer_another_part_comes_each_time(
    start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "ANSWER_BYTES", 1_000)
    side = Side()
    for n in range(5_000):
        side.book.put_fact(FactKey("acme/app", name(n)), Fact(Standing.PENDING, float(n)))
    first, later = (answer(FetchBook([], start + turn * BUCKETS), side.has) for turn in (0, 30))
    assert isinstance(first, BookEntries)
    assert isinstance(later, BookEntries)
    assert not {key for key, _ in first.facts} & {key for key, _ in later.facts}


def test_what_is_asked_a_thousand_times_is_answered_once() -> None:
    side = Side()
    side.take([page(ALICE, 9, number, 1, 1) for number in range(3)])
    versions = answer(Versions([(9 * LENGTH, ALICE)] * 1_000), side.has)
    origins = answer(Origins([9 * LENGTH] * 1_000), side.has)
    assert isinstance(versions, VersionList)
    assert isinstance(origins, OriginSums)
    assert len(versions.versions) == 3
    assert len(origins.sums) == 1
