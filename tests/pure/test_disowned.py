"""What was taken from nodes whose word turns out not to count: dropped, so that all agree whatever they heard first."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aggregator import ban
from aggregator.arrivals import Terms
from aggregator.book import Book
from aggregator.digest import Digest
from aggregator.fleet import Fleet
from aggregator.ledger import Ledger
from aggregator.member import Member
from aggregator.page import Origin, Page, PageKey, write_body
from aggregator.roster import Roster
from node.identity import verify, verify_key
from tests.pure.factories import name, tally
from tests.pure.people import FLEET, NOW, invitation, key, member

LENGTH = 900
FIRST = int(NOW // LENGTH) * LENGTH
ME = Origin(key("me").peer, "0" * 16)


def page(peer: str, window: int, number: int = 0) -> Page:
    return Page(PageKey(Origin(peer, "1" * 16), window, number), 1, write_body([tally(1, 5)]), b"signed")


def anything(_peer: str, _message: bytes, _signature: bytes) -> bool:
    return True


def fleet(*members: Member) -> tuple[Fleet, Book]:
    roster, book = Roster([FLEET.public], verify_key, verify), Book()
    made = Fleet(ME, Terms(FLEET.public, LENGTH, anything), roster, Ledger(), book, FLEET.sign)
    for each in members:
        made.welcome(msgspec.msgpack.encode(each))
    return made, book


def shut_out(book: Book, peer: str, moment: int) -> None:
    book.put_ruling(ban.seal(book.rule(ban.KIND, peer, moment, ME.peer), FLEET.public, FLEET.sign))


def test_of_a_banned_node_the_windows_from_the_ban_on_are_dropped_and_no_others() -> None:
    dave = member("dave", by=invitation(uses=9))
    some, book = fleet(dave, member("erin", by=invitation(uses=9)))
    windows = [FIRST, FIRST + LENGTH, FIRST + 2 * LENGTH]
    some.load([page(dave.peer, each) for each in windows] + [page(key("erin").peer, each) for each in windows])
    assert some.disowned() == []
    shut_out(book, dave.peer, FIRST + LENGTH - 1)
    dropped = some.disowned()
    assert {(k.origin.peer, k.window) for k in dropped} == {(dave.peer, each) for each in windows[1:]}
    some.disown(dropped)
    assert some.disowned() == []


def test_whom_a_banned_node_says_to_have_let_in_after_the_ban_is_dropped_as_a_whole() -> None:
    many = invitation(uses=9)
    dave, early = member("dave", by=many), member("early", NOW + 1, many, voucher="dave")
    late = member("late", NOW + 9, many, voucher="dave")
    some, book = fleet(dave, early, late)
    some.load([page(late.peer, FIRST), page(early.peer, FIRST)])
    assert some.disowned() == []
    shut_out(book, dave.peer, int(NOW) + 5)
    assert [k.origin.peer for k in some.disowned()] == [late.peer]


def test_own_pages_stay_whatever_is_ruled() -> None:
    some, book = fleet()
    some.load([page(ME.peer, FIRST)])
    shut_out(book, ME.peer, FIRST - 10 * LENGTH)
    assert some.disowned() == []


def test_a_ledger_that_dropped_a_page_is_as_if_it_had_never_come() -> None:
    ledger = Ledger()
    ledger.put(page("alice", FIRST), [tally(1, 5)])
    ledger.put(page("dave", FIRST), [tally(1, 7), tally(2, 1)])
    ledger.take_changed()
    ledger.drop([page("dave", FIRST).key, page("nobody", FIRST).key])
    assert (ledger.count(name(1)), ledger.count(name(2)), name(2) in ledger) == (5, 0, False)
    assert ledger.take_changed() == {name(1), name(2)}


@given(st.sets(st.tuples(st.sampled_from(["alice", "dave"]), st.integers(0, 3), st.integers(0, 2))), st.data())
def test_sums_after_a_removal_are_those_of_what_is_left(some: set[tuple[str, int, int]], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from(sorted(some)))) if some else set[tuple[str, int, int]]()
    digest, left = Digest(), Digest()
    for each in some:
        digest.put(page(*each))
        if each not in gone:
            left.put(page(*each))
    for each in gone:
        digest.remove(page(*each).key)
    assert digest.total(0, 10) == left.total(0, 10)
    assert set(digest) == set(left)
