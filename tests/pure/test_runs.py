"""Of one peer so many runs count in a window, the same on every node, whoever heard of which first."""

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import runs
from aggregator.answering import answer
from aggregator.arrivals import Incoming, Terms
from aggregator.author import Author
from aggregator.book import Book
from aggregator.digest import version_of
from aggregator.fleet import Fleet
from aggregator.keeping import Offer, wanted_of
from aggregator.ledger import Ledger
from aggregator.message import PageMessage, encode
from aggregator.page import Origin, Page, PageKey, message_to_sign, read_body, write_body
from aggregator.questions import Answer, Fetch, Question, Versions
from aggregator.reason import Reason
from aggregator.runs import first_with_room
from aggregator.sync import Pulled, pull
from tests.pure.factories import name, seen, tally
from tests.pure.test_fleet import FLEET, LENGTH, NOW, member, roster, signer, verify_peer

KEPT = 3
WINDOWS = (98 * LENGTH, 99 * LENGTH)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RUNS", KEPT)


def page(peer: str, run: int, window: int, number: int = 0, sequence: int = 1) -> Page:
    key = PageKey(Origin(peer, f"{run:016x}"), window, number)
    bare = Page(key, sequence, write_body([tally(number + 1, sequence)]))
    return msgspec.structs.replace(bare, signature=signer(peer.encode())(message_to_sign(bare, FLEET, LENGTH)))


some_pages = st.lists(
    st.builds(
        page,
        st.sampled_from(["alice", "bob"]),
        st.integers(0, 7),
        st.sampled_from(WINDOWS),
        st.integers(0, 1),
        st.integers(1, 3),
    ),
    max_size=30,
)


def expected(pages: Sequence[Page]) -> dict[PageKey, int]:
    """The newest version of each page of the first runs of each peer and window."""
    names: dict[tuple[str, int], set[str]] = {}
    for each in pages:
        names.setdefault((each.key.origin.peer, each.key.window), set()).add(each.key.origin.run)
    kept = {place: sorted(every)[:KEPT] for place, every in names.items()}
    out: dict[PageKey, int] = {}
    for each in pages:
        if each.key.origin.run in kept[each.key.origin.peer, each.key.window]:
            out[each.key] = max(each.sequence, out.get(each.key, 0))
    return out


def held(ledger: Ledger) -> dict[PageKey, int]:
    return {each.key: each.sequence for each in ledger.pages()}


@given(some_pages, st.randoms(use_true_random=False))
def test_what_is_kept_does_not_depend_on_order_or_repetition(pages: list[Page], shuffler: random.Random) -> None:
    mixed = [*pages, *pages]
    shuffler.shuffle(mixed)
    ledger, disk = Ledger(), dict[PageKey, Page]()
    for each in mixed:
        disk[each.key] = each
        ledger.put(each, read_body(each.body))
    assert held(ledger) == expected(pages)
    assert sum(map(ledger.count, ledger.signatures())) == sum(expected(pages).values())
    assert disk.keys() - ledger.take_displaced() == held(ledger).keys(), "the store is told of all that left"


@given(some_pages, some_pages, some_pages)
def test_merging_is_associative(a: list[Page], b: list[Page], c: list[Page]) -> None:
    def merged(*parts: Sequence[Page]) -> Ledger:
        ledger = Ledger()
        for each in (each for part in parts for each in part):
            ledger.put(each, read_body(each.body))
        return ledger

    left = merged(list(merged(a, b).pages()), c)
    right = merged(a, list(merged(b, c).pages()))
    assert held(left) == held(right) == held(merged(c, b, a))


class Node:
    """A node that hears pages one by one, and compares."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        terms = Terms(FLEET, LENGTH, verify_peer)
        members = roster(member("alice"), member("bob"))
        self.fleet = Fleet(Origin("me", "r" * 16), terms, members, self.ledger, Book(), signer(b"me"))
        self.refused: list[Reason] = []

    def hear(self, some: Page) -> None:
        self.take(self.fleet.heard("alice", encode(PageMessage([some])), NOW, 1.0))

    def take(self, incoming: Incoming) -> None:
        self.refused += [each.reason for each in incoming.refused]
        for some, tallies in incoming.pages:
            self.ledger.put(some, tallies)
        self.fleet.took(incoming)

    def pull(self, other: "Node") -> list[Question]:
        """Returns the questions that were asked."""
        steps = pull(self.fleet.has, WINDOWS[-1], NOW, self.fleet.refused)
        asked: list[Question] = []
        reply: Answer | None = None
        while True:
            try:
                question = next(steps) if reply is None else steps.send(reply)
            except StopIteration as end:
                pulled: Pulled = end.value
                self.take(self.fleet.pulled(pulled, NOW))
                return asked
            asked.append(question)
            reply = answer(question, other.fleet.has)


@given(some_pages, some_pages)
def test_two_nodes_that_heard_different_runs_first_agree_after_they_compared(
    ours: list[Page], theirs: list[Page]
) -> None:
    one, other = Node(), Node()
    for node, pages in ((one, ours), (other, theirs)):
        for each in pages:
            node.hear(each)
    for _ in range(2):
        one.pull(other)
        other.pull(one)
    assert held(one.ledger) == held(other.ledger) == expected([*ours, *theirs])
    assert one.fleet.digest.total(0, 2**62) == other.fleet.digest.total(0, 2**62)
    assert set(one.fleet.digest) == held(one.ledger).keys()
    assert not any(isinstance(each, Versions | Fetch) for each in one.pull(other))


def test_a_run_without_a_place_is_refused_and_never_asked_for_again() -> None:
    one, other = Node(), Node()
    for run in (1, 2, 3):
        one.hear(page("alice", run, WINDOWS[0]))
    for run in (4, 5):
        other.hear(page("alice", run, WINDOWS[0]))
        one.hear(page("alice", run, WINDOWS[0]))
    assert one.refused == [Reason.TOO_MANY_RUNS] * 2
    assert not any(isinstance(each, Versions | Fetch) for each in one.pull(other))
    offer = Offer("acme/app", [version_of(page("alice", run, WINDOWS[0])) for run in (0, 4)])
    wanted = wanted_of(offer, one.fleet.digest.page, True, one.ledger.runs)
    assert [key.origin.run for key in wanted.keys] == [f"{0:016x}"]


def test_a_run_that_comes_before_others_takes_the_place_of_the_last() -> None:
    node = Node()
    for run in (5, 6, 7):
        node.hear(page("alice", run, WINDOWS[0], sequence=2))
    node.hear(page("alice", 0, WINDOWS[0]))
    assert [key.origin.run[-1] for key in sorted(held(node.ledger))] == ["0", "5", "6"]
    assert node.ledger.count(name(1)) == 5
    assert set(node.fleet.digest) == held(node.ledger).keys()


def test_what_leaves_makes_room_again() -> None:
    ledger = Ledger()
    pages = [page("alice", run, WINDOWS[0]) for run in (1, 2, 3)]
    for each in pages:
        ledger.put(each, read_body(each.body))
    ledger.drop([pages[0].key])
    assert ledger.put(page("alice", 9, WINDOWS[0]), [tally()])
    ledger.expire(WINDOWS[1])
    assert not ledger.runs.full(Origin("alice", "f" * 16), WINDOWS[0])


def test_an_honest_node_counts_in_the_next_window_that_has_room_for_its_run() -> None:
    ledger = Ledger()
    for run in range(2 * KEPT):  # so often it has begun anew, and counted something each time
        author = Author(Origin("alice", f"{99 - run:016x}"), LENGTH)
        for count in (1, 2):
            staged = author.stage([seen(1, count)], NOW, lambda _: True, ledger.runs)
            author.accept(staged)
            for each, tallies in staged.pages:
                assert ledger.put(each, tallies)
    assert ledger.count(name(1)) == 2 * KEPT * 3
    assert ledger.take_displaced() == []
    assert {key.window for key in held(ledger)} == {100 * LENGTH, 101 * LENGTH}
    assert first_with_room(ledger.runs, Origin("alice", "0" * 16), 100 * LENGTH, LENGTH) == 102 * LENGTH
