"""Keepers: who they are, when a fleet is spread, what is brought, and that nothing is let go of that nobody has."""

from collections.abc import Iterable, Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aggregator.answering import answer
from aggregator.book import Book
from aggregator.digest import Version, version_of
from aggregator.due import Policy
from aggregator.election import RANKS, rank_of
from aggregator.keepers import (
    GATHER_BELOW,
    KEEPERS,
    RECHECK,
    SOONEST,
    SPREAD_ABOVE,
    Homes,
    Keepers,
    is_spread,
    keepers,
    spread_ruling,
    visit_every,
)
from aggregator.keeping import Give, Keeping, Offer, Taken, Wanted, taken_of, wanted_of
from aggregator.ledger import Ledger
from aggregator.page import Origin, Page, PageKey, write_body
from aggregator.questions import Answer, Has
from aggregator.runs import Runs
from aggregator.settling import Settling
from aggregator.shelves import Shelves
from aggregator.sync import Pulled, pull
from aggregator.tally import Tally
from tests.pure.factories import name, tally

APP, WEB = "acme/app", "acme/web"
POLICY = Policy(repository=APP, routes={"web": WEB})
names = st.lists(st.text("abcdef", min_size=1, max_size=6), min_size=1, max_size=40, unique=True)


def fleet(count: int) -> list[str]:
    return [f"peer {number}" for number in range(count)]


def page(peer: str, tallies: Sequence[Tally], number: int = 0, sequence: int = 1) -> Page:
    return Page(PageKey(Origin(peer, "r" * 16), 900, number), sequence, write_body(list(tallies)), b"signed")


# Who.


@given(names, st.data())
def test_keepers_are_the_same_for_everybody_and_who_may_file_comes_first(live: list[str], data: st.DataObject) -> None:
    able = data.draw(st.lists(st.sampled_from(live), unique=True, max_size=10))
    found = keepers(APP, live, able)
    assert found == keepers(APP, list(reversed(live)), list(reversed(able)))
    assert len(found) == min(KEEPERS, len(live)) == len(set(found))
    assert found[: min(RANKS, len(able))] == [p for p in found if p in able and rank_of(p, APP, able) is not None]


def test_when_a_keeper_leaves_the_others_stay() -> None:
    live = fleet(1000)
    before = keepers(APP, live, ())
    after = keepers(APP, [peer for peer in live if peer != before[3]], ())
    assert [peer for peer in before if peer != before[3]] == after[: KEEPERS - 1]


def test_repositories_spread_over_the_fleet() -> None:
    live = fleet(1000)
    chosen = {peer for number in range(100) for peer in keepers(f"acme/{number}", live, ())}
    assert len(chosen) > 400


def test_who_does_not_answer_is_passed_over_for_a_while() -> None:
    mine = Keepers("me")
    mine.look(fleet(20), {}, 0.0)
    silent = mine.to_visit(APP)[0]
    mine.silent(silent, until=60.0)
    mine.look(fleet(20), {}, 1.0)
    assert silent not in mine.of(APP)
    mine.look(fleet(20), {}, 61.0)
    assert silent in mine.of(APP)


def test_the_nodes_share_the_work_of_being_visited() -> None:
    firsts: dict[str, int] = {}
    for peer in fleet(1000):
        mine = Keepers(peer)
        mine.look(fleet(1000), {}, 0.0)
        first = mine.to_visit(APP)[0]
        firsts[first] = firsts.get(first, 0) + 1
    assert len(firsts) == KEEPERS
    assert max(firsts.values()) < 2 * 1000 / KEEPERS


def test_visits_leave_a_keeper_time_for_other_things() -> None:
    assert visit_every(10) == SOONEST
    for nodes in (1_000, 10_000):
        assert nodes / KEEPERS / visit_every(nodes) <= 4.0


# When.


def ruled(live: int, spread: bool) -> bool | None:
    """What all of a fleet of that size come to; None where nobody rules anything."""
    book = Book()
    book.put_ruling(book.rule("spread", "fleet", spread, "somebody"))
    rulings = [made for me in fleet(live) if (made := spread_ruling(book, me, fleet(live)))]
    assert len(rulings) <= 1
    return rulings[0].value if rulings else None


def test_a_fleet_is_spread_when_it_has_grown_and_gathers_when_it_has_clearly_shrunk() -> None:
    assert ruled(SPREAD_ABOVE, spread=False) is None
    assert ruled(SPREAD_ABOVE + 1, spread=False) is True
    assert ruled(GATHER_BELOW + 1, spread=True) is None
    assert ruled(GATHER_BELOW, spread=True) is False


def test_a_new_book_is_of_a_fleet_that_is_not_spread() -> None:
    assert not is_spread(Book())


# What.


def test_a_tally_is_about_the_repository_of_its_service_until_the_book_says_where_its_root_goes() -> None:
    book = Book()
    homes = Homes(book, lambda: POLICY)
    some = [tally(1, services={"web": 1}), tally(2, services={"shop": 1})]
    assert homes.of(some) == {APP, WEB}
    book.put_ruling(book.rule("route", name(1), "acme/Other", "somebody"))
    homes.forget()
    assert homes.of(some) == {APP, "acme/other"}


def everything_about(home: str) -> Shelves:
    return Shelves(lambda tallies: frozenset((home,)) if list(tallies) else frozenset())


def test_what_no_keeper_has_is_brought_until_one_says_that_it_has_that_version() -> None:
    shelves = everything_about(APP)
    first, second = page("me", [tally(1)]), page("me", [tally(1, 2)], sequence=2)
    shelves.put(first, [tally(1)])
    assert shelves.to_bring(APP, ["carol"], 0.0) == [version_of(first)]
    shelves.has(APP, "carol", [version_of(first)], 0.0)
    assert shelves.to_bring(APP, ["carol"], 1.0) == []
    shelves.put(second, [tally(1, 2)])
    assert shelves.to_bring(APP, ["carol"], 1.0) == [version_of(second)]


def test_what_a_keeper_had_is_brought_again_when_it_is_none_any_more_and_after_an_hour() -> None:
    shelves = everything_about(APP)
    mine = page("me", [tally(1)])
    shelves.put(mine, [tally(1)])
    shelves.has(APP, "carol", [version_of(mine)], 0.0)
    assert shelves.to_bring(APP, ["dave"], 1.0) == [version_of(mine)]
    assert shelves.to_bring(APP, ["carol"], RECHECK) == [version_of(mine)]


@given(st.lists(st.tuples(st.sampled_from(["me", "bob"]), st.booleans(), st.booleans()), max_size=12), st.booleans())
def test_only_what_is_not_ours_and_what_a_keeper_has_is_let_go_of(
    some: list[tuple[str, bool, bool]], keeper: bool
) -> None:
    """Some pages, each whose it is, whether a keeper has it, and whether it changed since."""
    shelves = everything_about(APP)
    safe: set[PageKey] = set()
    for number, (peer, has, changed) in enumerate(some):
        made = page(peer, [tally(1)], number)
        shelves.put(made, [tally(1)])
        if has:
            shelves.has(APP, "carol", [version_of(made)], 0.0)
        if changed:
            shelves.put(page(peer, [tally(1, 2)], number, sequence=2), [tally(1, 2)])
        if has and not changed and peer != "me":
            safe.add(made.key)
    gone = shelves.surplus("me", lambda _: keeper, lambda _: ["carol"], 1.0)
    assert set(gone) == (set() if keeper else safe)


def test_a_page_about_two_repositories_is_held_until_keepers_of_both_have_it() -> None:
    shelves = Shelves(lambda _: frozenset((APP, WEB)))
    made = page("bob", [tally(1)])
    shelves.put(made, [tally(1)])
    keepers_of = {APP: ["carol"], WEB: ["dave"]}
    shelves.has(APP, "carol", [version_of(made)], 0.0)
    assert shelves.surplus("me", lambda _: False, keepers_of.__getitem__, 1.0) == []
    shelves.has(WEB, "dave", [version_of(made)], 0.0)
    assert shelves.surplus("me", lambda _: False, keepers_of.__getitem__, 1.0) == [made.key]


def test_a_page_that_is_about_another_repository_now_changes_its_shelf() -> None:
    home = [APP]
    shelves = Shelves(lambda _: frozenset(home))
    made = page("me", [tally(1)])
    shelves.put(made, [tally(1)])
    home[0] = WEB
    shelves.put(made, [tally(1)])
    assert list(shelves.digest(APP)) == []
    assert list(shelves.digest(WEB)) == [made.key]


def test_what_left_the_lookback_is_on_no_shelf() -> None:
    shelves = everything_about(APP)
    shelves.put(page("me", [tally(1)]), [tally(1)])
    shelves.drop(901)
    assert len(shelves) == 0
    assert shelves.repositories() == []


# Bringing.


def node(me: str, live: Iterable[str]) -> Keeping:
    book = Book()
    book.put_ruling(book.rule("spread", "fleet", True, "somebody"))
    made = Keeping(me, book, lambda: POLICY)
    made.keepers.look(live, {}, 0.0)
    return made


def outsider() -> Keeping:
    live = fleet(300)
    return node(next(peer for peer in live if peer not in keepers(APP, live, ())), live)


def test_who_is_no_keeper_brings_its_pages_and_then_has_nothing_to_bring() -> None:
    me, taken = outsider(), list[Page]()
    mine = [page(me.keepers.me, [tally(n)], n) for n in range(100)]
    for each in mine:
        me.shelves.put(each, [tally(1)])
    errands = me.errands(0.0)
    steps = me.bring(APP, errands[APP])
    question = next(steps)
    assert isinstance(question, Offer)
    reply: Wanted | Taken = wanted_of(question, lambda _: None, keeps=True, runs=Runs())
    try:
        while True:
            question = steps.send(reply)
            assert isinstance(question, Give)
            taken += question.pages
            reply = Taken([each.key for each in question.pages])
    except StopIteration as end:
        me.shelves.has(APP, me.keepers.of(APP)[0], end.value, 0.0)
    assert sorted(p.key for p in taken) == [p.key for p in mine]
    assert me.errands(1.0) == {}


# Who has all.


def compare(one: Keeping, other: Keeping, elapsed: float) -> None:
    """One keeper pulls all that another has: as a node does, over what the two say."""

    def shelf(of: Keeping, settled: bool = False) -> Has:
        return Has(Ledger(), of.shelves.digest(APP), Book(), settled)

    there = shelf(other, other.has_all(APP, elapsed))
    steps = pull(shelf(one), 0, 0.0)
    question = next(steps)
    pulled: Pulled | None = None
    while pulled is None:
        reply = msgspec.msgpack.decode(msgspec.msgpack.encode(answer(question, there)), type=Answer)
        try:
            question = steps.send(reply)
        except StopIteration as end:
            pulled = end.value
    if pulled.complete and pulled.settled:
        one.compared(APP)


def new_keepers(count: int) -> list[Keeping]:
    """The first keepers of a spread fleet, all of them new at 0."""
    live = fleet(300)
    some = [node(peer, live) for peer in keepers(APP, live, ())[:count]]
    for each in some:
        each.look(live, {}, 0.0)
    return some


def test_two_new_keepers_have_nothing_to_learn_from_each_other() -> None:
    one, other = new_keepers(2)
    compare(one, other, 5.0)
    compare(other, one, 5.0)
    assert not one.settled(APP, 5.0)
    assert not other.settled(APP, 5.0)


def test_a_new_keeper_has_all_when_it_has_compared_with_one_that_has_all() -> None:
    one, other, third = new_keepers(3)
    one.compared(APP)
    compare(other, one, 5.0)
    assert other.settled(APP, 5.0)
    compare(third, other, 6.0)
    assert third.settled(APP, 6.0)


def test_keepers_that_are_all_new_wait_for_the_longest_and_no_longer() -> None:
    one, other = new_keepers(2)
    compare(one, other, Settling.LONGEST - 1)
    assert not one.settled(APP, Settling.LONGEST - 1)
    assert one.has_all(APP, Settling.LONGEST)


def spreading(gathered: float | None, spread: float) -> Keeping:
    """A keeper of a fleet that was not spread; `gathered`: when it last had all that a neighbour had."""
    live, book = fleet(300), Book()
    me = Keeping(keepers(APP, live, ())[0], book, lambda: POLICY)
    me.look(live, {}, spread - 1.0)
    if gathered is not None:
        me.gathered(gathered)
    book.put_ruling(book.rule("spread", "fleet", True, "somebody"))
    me.look(live, {}, spread)
    return me


def test_who_had_everything_when_the_fleet_spreads_has_all_and_nobody_else_does() -> None:
    assert spreading(gathered=97.0, spread=100.0).has_all(APP, 101.0)
    assert not spreading(gathered=None, spread=100.0).has_all(APP, 101.0)
    assert not spreading(gathered=10.0, spread=100.0).has_all(APP, 101.0)


def test_who_has_compared_while_the_fleet_is_spread_has_not_all() -> None:
    me = spreading(gathered=None, spread=100.0)
    me.gathered(101.0)
    me.look(fleet(300), {}, 102.0)
    assert not me.has_all(APP, 103.0)


def test_who_does_not_know_that_the_fleet_is_spread_is_not_one_to_learn_from() -> None:
    fresh = Keeping(keepers(APP, fleet(300), ())[0], Book(), lambda: POLICY)
    assert fresh.settled(APP, 1.0)
    assert not fresh.has_all(APP, 1.0)


def brought(me: Keeping, here: dict[PageKey, Page], keeps: bool, takes: bool) -> list[Version]:
    """What is said to be with who has `here` after a visit; `takes`: it does not refuse and puts nothing off."""
    steps = me.bring(APP, me.errands(0.0)[APP])
    question = next(steps)
    assert isinstance(question, Offer)
    reply: Wanted | Taken = wanted_of(question, here.get, keeps, Runs())
    try:
        while True:
            question = steps.send(reply)
            assert isinstance(question, Give)
            here |= {each.key: each for each in question.pages if takes}
            reply = taken_of(question, here.get)
    except StopIteration as end:
        return end.value


def test_what_was_refused_or_put_off_is_not_with_the_keeper() -> None:
    me = outsider()
    old, new = (page(me.keepers.me, [tally(n)], n) for n in (1, 2))
    for each in (old, new):
        me.shelves.put(each, [tally(1)])
    assert brought(me, {old.key: old}, keeps=True, takes=False) == [version_of(old)]
    assert {each.key for each in brought(me, {old.key: old}, keeps=True, takes=True)} == {old.key, new.key}


def test_what_is_with_a_node_that_takes_itself_for_no_keeper_may_go_and_counts_for_nothing() -> None:
    me = outsider()
    one = page("somebody who is gone", [tally(1)])
    me.shelves.put(one, [tally(1)])
    assert brought(me, {one.key: one}, keeps=False, takes=True) == []
    me.shelves.has(APP, me.keepers.of(APP)[0], [], 0.0)
    assert me.surplus(1.0) == []


def test_a_keeper_wants_of_an_offer_only_what_it_lacks() -> None:
    old, new = page("bob", [tally(1)]), page("bob", [tally(1, 2)], sequence=2)
    offer = Offer(APP, [version_of(old)])

    def wanted(offer: Offer, here: Page | None) -> list[PageKey]:
        return wanted_of(offer, lambda _: here, keeps=True, runs=Runs()).keys

    assert wanted(offer, None) == [old.key]
    assert wanted(offer, old) == wanted(offer, new) == []
    assert wanted(Offer(APP, [version_of(new)]), old) == [new.key]


def test_the_keepers_of_a_repository_are_all_joined_by_those_that_compare() -> None:
    live = fleet(300)
    ring = {peer: node(peer, live).partners(APP) for peer in keepers(APP, live, ())}
    reached, frontier = set[str](), {next(iter(ring))}
    for _ in range(KEEPERS // 2):
        reached |= frontier
        frontier = {other for peer in frontier for other in ring[peer]}
    assert reached | frontier == set(ring)
    assert outsider().partners(APP) == []


def test_a_keeper_wants_what_is_about_its_repository_and_nobody_else_does() -> None:
    live = fleet(300)
    assert node(keepers(APP, live, ())[0], live).wants([tally(1)])
    assert not outsider().wants([tally(1)])
    alone = Keeping("me", Book(), lambda: POLICY)
    assert alone.wants([tally(1)])


def test_a_keeper_that_holds_nothing_yet_knows_what_it_is_a_keeper_of() -> None:
    live = fleet(300)
    assert APP in node(keepers(APP, live, ())[0], live).kept([])
    me = node(keepers("acme/other", live, ())[0], live)
    assert "acme/other" not in me.kept([])
    assert "acme/other" in me.kept(["Acme/Other"])
