"""The laws of merging: whatever is lost, repeated or re-ordered, the same pages give the same counts."""

import random
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.page import Origin, Page, PageKey, newer, read_body, write_body
from tests.pure.factories import ALICE, BOB, CAROL, name, tally

LENGTH = 900
counts = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 50)), min_size=1, max_size=6, unique_by=lambda x: x[0])


def page_of(origin: Origin, window: int, number: int, sequence: int, body: list[tuple[int, int]]) -> Page:
    key = PageKey(origin, window * LENGTH, number)
    return Page(key, sequence, write_body([tally(n, c) for n, c in body]), b"s")


pages = st.builds(
    page_of,
    st.sampled_from([ALICE, BOB, CAROL]),
    st.integers(0, 3),
    st.integers(0, 2),
    st.integers(1, 4),
    counts,
)


def ledger_of(some: list[Page]) -> Ledger:
    ledger = Ledger()
    for page in some:
        ledger.put(page, read_body(page.body))
    return ledger


def state(ledger: Ledger) -> tuple[set[bytes], dict[str, int]]:
    return (
        {msgspec.msgpack.encode(p) for p in ledger.pages()},
        {s: ledger.count(s) for s in ledger.signatures()},
    )


@given(st.lists(pages, max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(some: list[Page], shuffler: random.Random) -> None:
    again = [*some, *some]
    shuffler.shuffle(again)
    assert state(ledger_of(some)) == state(ledger_of(again))


@given(st.lists(pages, max_size=8), st.lists(pages, max_size=8))
def test_merging_is_commutative(left: list[Page], right: list[Page]) -> None:
    assert state(ledger_of(left + right)) == state(ledger_of(right + left))


@given(pages, pages, pages)
def test_the_merge_rule_is_a_total_order(a: Page, b: Page, c: Page) -> None:
    assert not (newer(a, b) and newer(b, a))
    if newer(a, b) and newer(b, c):
        assert newer(a, c)


@given(st.lists(pages, min_size=1, max_size=12))
def test_put_tells_whether_something_changed(some: list[Page]) -> None:
    ledger = Ledger()
    for page in some:
        before = state(ledger)
        changed = ledger.put(page, read_body(page.body))
        assert changed == (state(ledger) != before)


@given(st.lists(pages, max_size=12), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6))
def test_what_counts_is_what_lies_within_the_lookback_wherever_the_clock_was_meanwhile(
    some: list[Page], clocks: list[tuple[int, int]]
) -> None:
    """And nothing is in the lookback and the history at once, or in neither."""
    ledger = ledger_of(some)
    history = History(ledger.aged)
    ever = ledger.total(list(ledger.signatures()))
    for horizon, since in clocks:
        history.fold(ledger.expire(horizon * LENGTH, since * LENGTH))
    within, fresh = Ledger(), [page for page in ledger.pages() if page.key.window >= ledger.since]
    for page in fresh:
        within.put(page, read_body(page.body))
    assert {s: ledger.count(s) for s in ledger.signatures()} == {s: within.count(s) for s in within.signatures()}
    named = {s for root in history.roots() for s in history.signatures_of(root)} | set(ledger.signatures())
    parts = [ledger.total(named), history.total(named)]
    assert sum(part.count for part in parts if part) == (ever.count if ever else 0)


def test_who_puts_its_clock_right_again_counts_what_it_had_put_aside_and_looks_at_it_anew() -> None:
    ledger = ledger_of([page_of(ALICE, 1, 0, 1, [(1, 2)]), page_of(ALICE, 3, 0, 1, [(1, 1)])])
    ledger.expire(LENGTH, 2 * LENGTH)
    assert ledger.count(name(1)) == 1
    ledger.take_changed()
    ledger.expire(0, LENGTH)
    assert ledger.count(name(1)) == 3
    assert ledger.take_changed() == {name(1)}


@given(st.lists(pages, max_size=12))
def test_kept_counts_are_what_a_scan_would_find(some: list[Page]) -> None:
    ledger = ledger_of(some)
    scanned: dict[str, int] = {}
    for page in ledger.pages():
        for each in read_body(page.body):
            scanned[each.signature] = scanned.get(each.signature, 0) + each.count
    assert {s: ledger.count(s) for s in ledger.signatures()} == scanned
    for signature in scanned:
        total = ledger.total([signature])
        assert total is not None
        assert total.count == scanned[signature]


@given(st.lists(pages, max_size=12), st.integers(0, 4))
def test_what_expires_is_folded_once_and_never_taken_again(some: list[Page], windows: int) -> None:
    ledger = ledger_of(some)
    before = {s: ledger.count(s) for s in ledger.signatures()}
    folded = ledger.expire(windows * LENGTH)
    for page in some:
        ledger.put(page, read_body(page.body))
    for signature, count in before.items():
        gone = sum(f.tally.count for f in folded if f.signature == signature)
        assert ledger.count(signature) + gone == count
    assert ledger.expire(windows * LENGTH) == []


def test_a_total_over_several_signatures_names_each_node_once() -> None:
    some = [
        Page(PageKey(ALICE, 0, 0), 1, write_body([tally(1, 3, first=5.0, last=9.0), tally(2, 4)])),
        Page(PageKey(BOB, 900, 0), 1, write_body([tally(1, 2, severity=3, samples=("x",))])),
    ]
    total = ledger_of(some).total([name(1), name(2)])
    assert total is not None
    assert (total.count, total.first, total.severity) == (9, 5.0, 3)
    assert total.nodes == {"alice", "bob"}
    assert total.samples == ("x",)


def test_changed_signatures_are_told_once() -> None:
    ledger = ledger_of([Page(PageKey(ALICE, 0, 0), 1, write_body([tally(1), tally(2)]))])
    assert ledger.take_changed() == {name(1), name(2)}
    assert ledger.take_changed() == set()


# What a member that means ill says of an error's root.


def said(origin: Origin, window: int, root: str, number: int = 1, sequence: int = 1, kin: str = "k") -> Page:
    body = write_body([tally(number, 3, root=root, kin=kin)])
    return Page(PageKey(origin, window * LENGTH, 0), sequence, body, b"s")


@pytest.mark.parametrize("roots", list(permutations([name(1), name(77), "m1-0"])))
def test_a_signature_of_which_several_roots_are_said_has_its_own_name_in_every_order(roots: tuple[str, ...]) -> None:
    ledger = ledger_of([said(origin, 1, root) for origin, root in zip([ALICE, BOB, CAROL], roots, strict=True)])
    assert set(ledger.roots()) == ledger.roots_with([name(1)]) == {name(1)}
    assert [ledger.signatures_of(root) for root in roots if root != name(1)] == [set(), set()]
    ledger.drop([PageKey((ALICE, BOB, CAROL)[roots.index(name(1))], LENGTH, 0)])
    assert set(ledger.roots()) == {"m1-0"}
    assert ledger.count(name(1)) == 6


def test_what_a_page_named_is_forgotten_with_it() -> None:
    ledger = Ledger()
    for window in range(1, 5):
        for sequence in (1, 2):
            page = said(BOB, window, f"m1-{window}-{sequence}", sequence=sequence, kin=f"{window}-{sequence}")
            ledger.put(page, read_body(page.body))
    assert ledger.names() == 2 * 4
    ledger.drop([PageKey(BOB, LENGTH, 0)])
    ledger.expire(9 * LENGTH)
    assert (list(ledger.roots()), ledger.names()) == ([], 0)


def test_the_history_has_a_signature_under_one_root_a_day_and_forgets_all_others() -> None:
    ledger, history = ledger_of([said(ALICE, 1, name(1)), said(BOB, 2, name(77)), said(BOB, 3, "m1-0")]), History()
    history.fold(ledger.expire(9 * LENGTH))
    assert set(history.roots()) == {name(1)}
    history.expire(1e9)
    assert not set(history.roots())
