"""Membership, accepting, ranks, pace, presence and the outbox: what a node makes of what others say."""

import hashlib
import random
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import ban
from aggregator import book as books
from aggregator.accept import Gate, Refusal, accept
from aggregator.arrivals import Incoming, Terms
from aggregator.book import Book, Fact, FactKey, Ruling, Standing
from aggregator.election import RANKS, rank_of, ranked, wait_for
from aggregator.entries import introduction, why_not_ruling
from aggregator.fleet import Fleet
from aggregator.ledger import Ledger
from aggregator.member import FLEET_KEY, Invitation, Member, admit, invite, vouch
from aggregator.message import BadMessage, BookMessage, PageMessage, Presence, decode, encode
from aggregator.outbox import Outbox
from aggregator.pace import BUDGET, FASTEST, INTERVAL, TARGET, Pace, share_of
from aggregator.page import Origin, Page, PageKey, message_to_sign, write_body
from aggregator.presence import Peers, period
from aggregator.questions import BookEntries
from aggregator.reason import Reason
from aggregator.roster import Roster
from aggregator.settling import Settling
from aggregator.sync import Pulled
from aggregator.window import FUTURE
from tests.pure.factories import name, tally

LENGTH = 900
NOW = 100 * LENGTH + 5.0
FLEET = b"f" * 32
KEY = b"i" * 32


def signer(key: bytes) -> Callable[[bytes], bytes]:
    """A signature that only who knows `key` makes: hashes, since the mathematics is not the point here."""
    return lambda message: hashlib.sha256(key + message).digest()


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    return signer(key)(message) == signature


def verify_peer(peer: str, message: bytes, signature: bytes) -> bool:
    return verify(peer.encode(), message, signature)


def invitation(expires: float = NOW + 100, uses: int = 10, fleet: bytes = FLEET) -> Invitation:
    return invite(fleet, KEY, expires, uses, signer(fleet))


def asking(peer: str, by: Invitation | None = None) -> Member:
    return admit(peer, by or invitation(), signer(KEY))


def member(peer: str, joined: float = NOW, by: Invitation | None = None, voucher: str = FLEET_KEY) -> Member:
    return vouch(asking(peer, by), voucher, joined, signer(voucher.encode() or FLEET))


def roster(*members: Member) -> Roster:
    made = Roster([FLEET], verify, verify_peer)
    for each in members:
        made.put(each)
    return made


# Accepting pages.


def signed(peer: str = "alice", window: int = 99, key: str = "", length: int = LENGTH, run: str = "r" * 16) -> Page:
    bare = Page(PageKey(Origin(peer, run), window * length, 0), 1, write_body([tally(1, 5)]))
    message = message_to_sign(bare, FLEET, length)
    return msgspec.structs.replace(bare, signature=signer((key or peer).encode())(message))


def gate(bans: dict[str, float] | None = None, horizon: int = 50 * LENGTH) -> Gate:
    return Gate(FLEET, LENGTH, roster(member("alice")), bans or {}, horizon, verify_peer)


def test_a_members_page_is_taken() -> None:
    assert accept(signed(), gate(), NOW) == [tally(1, 5)]


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (signed(window=49), Reason.BELOW_HORIZON),
        (signed(window=100 + int(FUTURE // LENGTH) + 1), Reason.IN_THE_FUTURE),
        (signed("mallory"), Reason.NOT_A_MEMBER),
        (signed("alice", key="mallory"), Reason.BAD_PAGE),
        (signed(window=99, length=901), Reason.BAD_PAGE),
        (signed(window=297, length=300), Reason.BAD_PAGE),
        (msgspec.structs.replace(signed(), sequence=2), Reason.BAD_PAGE),
        (msgspec.structs.replace(signed(), body=write_body([tally(1, 6)])), Reason.BAD_PAGE),
        (msgspec.structs.replace(signed(), body=b"\xc1"), Reason.BAD_PAGE),
    ],
)
def test_another_page_is_refused_with_its_reason(page: Page, reason: Reason) -> None:
    result = accept(page, gate(), NOW)
    assert isinstance(result, Refusal)
    assert result.reason is reason


def test_a_ban_leaves_what_was_counted_before_it() -> None:
    banned = gate({"alice": 80.0 * LENGTH})
    assert accept(signed(window=79), banned, NOW) == [tally(1, 5)]
    assert accept(signed(window=80), banned, NOW) == Refusal(Reason.BANNED)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_altered_byte_is_taken(place: int, value: int) -> None:
    good = signed()
    data = bytearray(msgspec.msgpack.encode(good))
    data[place % len(data)] = value
    try:
        page = msgspec.msgpack.decode(bytes(data), type=Page)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert page == good or isinstance(accept(page, gate(), NOW), Refusal)


# Election.


@given(st.sets(st.text(min_size=1), min_size=1, max_size=9), st.text())
def test_everybody_computes_the_same_order(peers: set[str], repository: str) -> None:
    order = ranked(repository, peers)
    assert set(order) == peers
    assert (
        order == ranked(repository.upper().lower(), sorted(peers)) or repository.lower() != repository.upper().lower()
    )
    assert [rank_of(peer, repository, peers) for peer in order[:RANKS]] == list(range(min(RANKS, len(order))))
    assert all(rank_of(peer, repository, peers) is None for peer in order[RANKS:])


def test_removing_a_candidate_keeps_the_order_of_the_others() -> None:
    peers = [f"peer {n}" for n in range(20)]
    order = ranked("acme/app", peers)
    assert ranked("acme/app", [p for p in peers if p != order[3]]) == [p for p in order if p != order[3]]


def test_repositories_spread_over_the_candidates() -> None:
    peers = [f"peer {n}" for n in range(5)]
    firsts = [ranked(f"acme/{n}", peers)[0] for n in range(500)]
    assert all(60 <= firsts.count(peer) <= 140 for peer in peers)


def test_each_rank_waits_one_takeover_longer() -> None:
    assert [wait_for(rank, 2.0) for rank in range(4)] == [0.0, 2.0, 4.0, 6.0]


# Pace.


def test_one_node_alone_sends_at_most_one_message_a_second() -> None:
    pace, sent = Pace(0.0), 0
    for tick in range(1000):
        sent += pace.take(tick / 10)
        pace.adapt(tick / 10, 0.5)
    assert 95 <= sent <= 103


@pytest.mark.parametrize("nodes", [30, 100, 400])
def test_the_rates_of_all_settle_near_the_budget(nodes: int) -> None:
    draw = random.Random(1)
    paces = [Pace(0.0, tokens=draw.random()) for _ in range(nodes)]
    sent: list[int] = []
    for quarter in range(4 * 300):
        sent.append(sum(pace.take(quarter / 4) for pace in paces))
        for pace in paces:
            pace.hear(sent[-1])
            pace.adapt(quarter / 4, draw.random())
    assert TARGET * 0.7 <= sum(sent[-4 * 60 :]) / 60 <= BUDGET


def test_a_silent_fleet_leaves_the_budget_to_who_speaks() -> None:
    pace = Pace(0.0, rate=0.01)
    for step in range(1, 400):
        pace.take(step)  # always something to tell
        pace.adapt(step, 0.5)
    assert pace.rate > 0.9 * FASTEST


def test_a_rate_that_is_not_used_does_not_grow_beyond_the_share() -> None:
    pace = Pace(0.0, share_of(100))
    pace.wake(0.0, 100, jitter=0.5)
    for step in range(1, 100):
        pace.adapt(step * INTERVAL * 2, 0.5)
    assert pace.rate <= 1.1 * share_of(100)


@pytest.mark.parametrize("every", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("nodes", [30, 100, 300, 1000])
def test_a_fleet_that_was_silent_and_speaks_all_at_once_is_within_the_budget_and_fair(nodes: int, every: float) -> None:
    draw = random.Random(nodes)
    paces = [Pace(0.0, tokens=2.0) for _ in range(nodes)]
    news, sent, by = [False] * nodes, list[int](), [0] * nodes
    for quarter in range(4 * 120):
        now, said = quarter / 4, 0
        for each, pace in enumerate(paces):
            if now % every == 0.0 and not news[each]:
                news[each] = True
                pace.wake(now, nodes, draw.random())
            if news[each] and pace.take(now):
                news[each], said, by[each] = False, said + 1, by[each] + 1
        sent.append(said)
        for pace in paces:
            pace.hear(said)
            pace.adapt(now, draw.random())
    assert max(sum(sent[n : n + 40]) / 10 for n in range(len(sent) - 40)) <= BUDGET
    expected = min(120.0 / every, 120.0 * share_of(nodes))
    assert min(by) >= min(1, int(expected))
    assert max(by) <= 3 * expected + 1


def test_in_a_small_fleet_who_was_silent_speaks_at_once() -> None:
    pace = Pace(0.0)
    pace.wake(10.0, 8, jitter=1.0)
    assert pace.take(10.0)


def test_who_breaks_a_silence_in_a_large_fleet_begins_with_its_share_at_a_moment_of_its_own() -> None:
    early, late = Pace(0.0), Pace(0.0)
    early.wake(100.0, 200, jitter=0.0)
    late.wake(100.0, 200, jitter=1.0)
    assert early.rate == late.rate == share_of(200) == TARGET / 200
    assert early.take(100.0)
    assert late.wait(100.0) == pytest.approx(200 / TARGET)


def test_who_waits_for_its_moment_waits_longer_when_many_are_heard() -> None:
    pace = Pace(0.0)
    pace.wake(10.0, 200, jitter=1.0)
    before = pace.wait(10.0)
    pace.hear(100)
    pace.adapt(11.0, 0.5)
    pace.hear(100)
    pace.adapt(12.0, 0.5)
    assert pace.wait(12.0) > before > 1.0


def test_who_starts_in_a_large_fleet_starts_slowly() -> None:
    assert share_of(3) == FASTEST
    assert share_of(1000) == TARGET / 1000


# Presence.


def presence(at: float = 1.0, run: str = "r", **changes: object) -> Presence:
    base = Presence(run=run, at=at, version="1", settled=True, candidate=["Acme/App"])
    return msgspec.structs.replace(base, **changes)


def test_who_is_silent_is_away_and_who_says_so_has_left() -> None:
    peers = Peers()
    peers.hear("alice", presence(), 0.0)
    peers.hear("bob", presence(leaving=True), 0.0)
    assert [peers.state(p, 1.0) for p in ("alice", "bob", "carol")] == ["here", "left", "unknown"]
    assert peers.state("alice", 4 * period(3)) == "away"


def test_an_older_presence_is_no_news() -> None:
    peers = Peers()
    assert peers.hear("alice", presence(2.0), 0.0)
    assert not peers.hear("alice", presence(1.0, leaving=True), 1.0)
    assert peers.hear("alice", presence(0.5, run="next"), 2.0)


def test_a_node_whose_clock_is_set_back_stays_here() -> None:
    outbox, peers = outbox_of({}), Peers()
    for elapsed, at in enumerate((1000.0, 4000.0, 1000.0, 1001.0)):
        outbox.present(presence(at))
        (said,) = taken(outbox)
        assert isinstance(said, Presence)
        assert peers.hear("alice", said, elapsed * period(2))
    assert peers.state("alice", 4 * period(2)) == "here"


def test_candidates_are_here_settled_and_able() -> None:
    peers = Peers()
    peers.hear("alice", presence(), 0.0)
    peers.hear("bob", presence(settled=False), 0.0)
    peers.hear("carol", presence(candidate=[]), 0.0)
    assert peers.candidates("acme/app", 1.0) == ["alice"]
    assert peers.candidates("acme/app", 1000.0) == []


@pytest.mark.parametrize(
    ("met", "pulled", "after", "settled"),
    [
        (False, False, 59.0, False),
        (False, False, 61.0, True),
        (True, False, 61.0, False),
        (True, True, 1.0, True),
        (True, False, 121.0, True),
    ],
)
def test_settled(met: bool, pulled: bool, after: float, settled: bool) -> None:
    settling = Settling(1000.0)
    if met:
        settling.met()
    if pulled:
        settling.pulled()
    assert settling.settled(1000.0 + after) is settled


def test_who_slept_settles_anew_and_by_no_comparison_that_began_before() -> None:
    settling = Settling(0.0)
    settling.met()
    settling.pulled()
    for second in range(0, 600, 30):
        settling.awake(float(second))
        assert settling.settled(second + 0.5)
    assert not settling.settled(570.0 + Settling.SLEPT + 1), "found out by whoever asks first"
    settling.awake(632.0)
    settling.pulled()
    assert not settling.settled(632.5)
    settling.awake(631.0 + Settling.STALE)
    settling.pulled()
    assert settling.settled(637.0)


def test_who_slept_and_hears_nobody_settles_after_the_longest_wait_again() -> None:
    settling = Settling(0.0)
    settling.met()
    settling.awake(121.0)
    assert settling.settled(121.0)
    for second in range(1_000, 1_120, 10):
        settling.awake(float(second))
        assert not settling.settled(float(second))
    assert settling.settled(1_000.0 + Settling.LONGEST)


def test_who_never_says_that_it_is_awake_was_not_asleep() -> None:
    settling = Settling(0.0)
    settling.pulled()
    assert all(settling.settled(float(second)) for second in range(0, 10_000, 900))


# Messages and the outbox.


def outbox_of(pages: dict[PageKey, Page]) -> Outbox:
    return Outbox(pages.get)


def page_numbered(number: int, size: int = 1) -> Page:
    body = write_body([tally(n, title="x" * 100) for n in range(size)])
    return Page(PageKey(Origin("alice", "r" * 16), 900, number), 1, body, b"s" * 64)


def taken(outbox: Outbox) -> list[PageMessage | BookMessage | Presence]:
    out: list[PageMessage | BookMessage | Presence] = []
    while (data := outbox.take()) is not None:
        out.append(decode(data))
    return out


def test_facts_go_first_then_presence_then_pages() -> None:
    pages = {(p := page_numbered(n)).key: p for n in range(3)}
    outbox = outbox_of(pages)
    outbox.changed(pages)
    outbox.present(presence())
    outbox.entered([(FactKey("acme/app", name(1)), Fact(Standing.FILED, 1.0, 7))], [])
    assert [type(m).__name__ for m in taken(outbox)] == ["BookMessage", "Presence", "PageMessage"]
    assert len(outbox) == 0


def test_what_another_node_has_told_is_not_said_again() -> None:
    outbox = outbox_of({})
    facts = [(FactKey("acme/app", name(n)), Fact(Standing.FILED, 1.0, n)) for n in (1, 2)]
    rulings = [Ruling("mute", name(n), {}, n, "alice") for n in (1, 2)]
    outbox.entered(facts, rulings)
    outbox.told(
        [facts[0], (facts[1][0], Fact(Standing.PENDING, 1.0))], [rulings[0], Ruling("mute", name(2), {}, 1, "bob")]
    )
    assert taken(outbox) == [BookMessage([facts[1]], [rulings[1]])]


def test_a_page_that_changes_a_thousand_times_is_told_once() -> None:
    page = page_numbered(0)
    outbox = outbox_of({page.key: page})
    for _ in range(1000):
        outbox.changed([page.key])
    assert taken(outbox) == [PageMessage([page])]


def test_every_message_fits_and_nothing_is_left_behind() -> None:
    pages = {(p := page_numbered(n, size=40)).key: p for n in range(50)}
    outbox = outbox_of(pages)
    outbox.changed(pages)
    rulings = [Ruling("mute", name(n), {"until": "forever"}, 1, "alice") for n in range(1000)]
    outbox.entered([], rulings)
    messages = taken(outbox)
    told = [p.key for m in messages if isinstance(m, PageMessage) for p in m.pages]
    ruled = [r.subject for m in messages if isinstance(m, BookMessage) for r in m.rulings]
    assert told == list(pages)
    assert ruled == [name(n) for n in range(1000)]


def test_a_page_too_large_for_a_message_is_left_to_sync() -> None:
    large = Page(PageKey(Origin("alice", "r" * 16), 900, 0), 1, b"x" * 20_000, b"s")
    outbox = outbox_of({large.key: large})
    outbox.changed([large.key])
    assert taken(outbox) == []


@given(st.binary(max_size=300))
def test_bytes_from_outside_are_a_message_or_a_reason(data: bytes) -> None:
    try:
        message = decode(data)
    except BadMessage:
        return
    assert decode(encode(message)) == message


# The book's laws.

entries = st.lists(
    st.builds(
        Ruling, st.just("mute"), st.sampled_from("ab"), st.integers(0, 9), st.integers(1, 5), st.sampled_from("xyz")
    ),
    max_size=8,
)
known_facts = st.lists(
    st.tuples(
        st.builds(FactKey, st.just("r"), st.sampled_from("ab"), st.integers(0, 2)),
        st.builds(Fact, st.sampled_from(Standing), st.floats(0, 9), st.integers(0, 5)),
    ),
    max_size=8,
)


def book_of(facts: list[tuple[FactKey, Fact]], some: list[Ruling]) -> tuple[object, object]:
    book = Book()
    for key, fact in facts:
        book.put_fact(key, fact)
    for ruling in some:
        book.put_ruling(ruling)
    return dict(book.facts()), {(r.kind, r.subject): r for r in book.rulings()}


@given(known_facts, entries, st.randoms(use_true_random=False))
def test_a_book_does_not_depend_on_order_or_repetition(
    facts: list[tuple[FactKey, Fact]], some: list[Ruling], shuffler: random.Random
) -> None:
    mixed_facts, mixed = [*facts, *facts], [*some, *some]
    shuffler.shuffle(mixed_facts)
    shuffler.shuffle(mixed)
    assert book_of(facts, some) == book_of(mixed_facts, mixed)


def fleet_of(*members: Member) -> Fleet:
    """A node that knows these members."""
    terms = Terms(FLEET, LENGTH, verify_peer)
    return Fleet(Origin("me", "r" * 16), terms, roster(*members), Ledger(), Book(), signer(b"me"))


def test_a_pull_that_introduces_a_member_brings_its_pages_too() -> None:
    bob = member("bob")
    chain = introduction(bob)
    incoming = fleet_of(member("alice")).pulled(Pulled([signed("bob")], BookEntries(rulings=[chain]), True), NOW)
    assert [page.key.origin.peer for page, _ in incoming.pages] == ["bob"]
    assert not incoming.refused


def test_a_pull_of_which_a_page_waits_for_its_introduction_has_not_brought_all() -> None:
    """The chain of who wrote it may be in the part of the book that had no room in the answer."""
    for entries, complete in ((BookEntries(), False), (BookEntries(rulings=[introduction(member("bob"))]), True)):
        incoming = fleet_of(member("alice")).pulled(Pulled([signed("bob")], entries, True), NOW)
        assert incoming.complete is complete


def test_the_higher_version_stays_whichever_was_committed_last() -> None:
    fleet = fleet_of(member("alice"))
    old, new = signed(), msgspec.structs.replace(signed(), sequence=signed().sequence + 1)
    for each in (new, old):
        fleet.took(Incoming(pages=[(each, [])]))
    assert fleet.digest.page(new.key) == new


def test_a_ruling_that_is_too_long_is_refused() -> None:
    assert why_not_ruling(Ruling("x", "y", "v" * 5_000, 1, "mallory"), roster(), NOW) is Reason.BAD_MESSAGE
    assert why_not_ruling(introduction(member("bob")), roster(), NOW) is None


def test_no_member_rules_for_ever_by_a_high_version() -> None:
    book, highest = Book(), int((NOW + FUTURE) * 1000)
    for version, reason in ((2**53 - 1, Reason.IN_THE_FUTURE), (highest + 1, Reason.IN_THE_FUTURE), (highest, None)):
        ruling = Ruling("mute", name(1), None, version, "mallory")
        assert why_not_ruling(ruling, roster(), NOW) is reason
    book.put_ruling(Ruling("mute", name(1), None, highest, "mallory"))
    overruled = book.rule("mute", name(1), {"until": "forever"}, "alice")
    assert why_not_ruling(overruled, roster(), NOW + 1) is None


@pytest.mark.parametrize("joined", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_chain_with_a_time_that_is_none_is_refused(joined: float) -> None:
    chain = msgspec.msgpack.encode(msgspec.structs.replace(member("bob"), joined=joined))
    ruling = msgspec.structs.replace(introduction(member("bob")), value=chain)
    assert why_not_ruling(ruling, roster(), NOW) is Reason.FORGED
    assert isinstance(founder().welcome(chain), Refusal)


def test_what_finds_no_room_in_the_book_is_refused_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(books.ROOM, "mute", 1)
    monkeypatch.setattr(books, "FACTS", 1)
    fleet = fleet_of(member("mallory"))
    for number, refused in ((1, []), (2, [Reason.BOOK_FULL] * 2)):
        fact = FactKey("acme/app", name(number)), Fact(Standing.PENDING, 1.0)
        ruling = Ruling("mute", name(number), {"until": "forever"}, 1, "mallory")
        said = encode(BookMessage([fact], [ruling]))
        incoming = fleet.heard("mallory", said, NOW, 1.0)
        assert [each.reason for each in incoming.refused] == refused
        for each in incoming.rulings:
            fleet.has.book.put_ruling(each)
        for each in incoming.facts:
            fleet.has.book.put_fact(*each)
    own = FactKey("acme/app", name(3))
    assert fleet.has.book.put_fact(own, Fact(Standing.PENDING, 1.0)), "what this node finds due is never forgotten"


# Being let in.


def newcomer(name: str, chain: Member) -> Fleet:
    """A node that knows nobody."""
    terms = Terms(FLEET, LENGTH, verify_peer)
    return Fleet(Origin(name, "r" * 16), terms, roster(chain), Ledger(), Book(), signer(name.encode()))


def welcome(there: Fleet, chain: Member, path: Sequence[Member] = ()) -> Member | Refusal:
    first, *others = (msgspec.msgpack.encode(each) for each in (chain, *path))
    return there.welcome(first, others)


def founder() -> Fleet:
    own = b"o" * 32
    by = invite(FLEET, own, NOW, 1, signer(FLEET))
    return newcomer("me", vouch(admit("me", by, signer(own)), FLEET_KEY, NOW, signer(FLEET)))


def test_who_has_an_invitation_is_let_in_by_the_first_member_it_meets_and_then_lets_in_others() -> None:
    me, bob, carol = founder(), newcomer("bob", asking("bob")), newcomer("carol", asking("carol"))
    shown = welcome(me, asking("bob"))
    assert isinstance(shown, Refusal)
    assert shown.reason is Reason.NOT_LET_IN
    chain = me.let_in(asking("bob"), NOW)
    assert isinstance(chain, Member)
    for each in (me, bob, carol):
        assert isinstance(welcome(each, chain, me.roster.path("me")), Member)
    second = bob.let_in(asking("carol"), NOW + 1)
    assert isinstance(second, Member)
    assert isinstance(welcome(carol, second, bob.roster.path("bob")), Member)
    assert isinstance(welcome(newcomer("dave", asking("dave")), second, bob.roster.path("bob")), Member)


def test_who_is_not_let_in_yet_lets_in_nobody() -> None:
    refusal = newcomer("bob", asking("bob")).let_in(asking("carol"), NOW)
    assert refusal == Refusal(Reason.NOT_LET_IN)


def test_an_invitation_lets_in_as_many_as_it_says_while_it_lasts_and_each_once() -> None:
    me, two = founder(), invitation(uses=2)
    alice, again = me.let_in(asking("alice", two), NOW), me.let_in(asking("alice", two), NOW + 50)
    assert alice == again
    assert isinstance(me.let_in(asking("bob", two), NOW + 1), Member)
    assert me.let_in(asking("carol", two), NOW + 2) == Refusal(Reason.USED_UP)
    assert me.let_in(asking("carol"), NOW + 101) == Refusal(Reason.INVITATION_EXPIRED)
    forged = msgspec.structs.replace(asking("carol"), peer="mallory")
    assert me.let_in(forged, NOW) == Refusal(Reason.FORGED)


def test_nobody_is_let_in_by_a_banned_invitation_or_under_a_banned_name() -> None:
    for subject in ("bob", KEY.hex()):
        me = founder()
        me.has.book.put_ruling(ban.seal(me.has.book.rule("ban", subject, int(NOW), "me"), FLEET, signer(FLEET)))
        assert me.let_in(asking("bob"), NOW) == Refusal(Reason.BANNED)


def test_what_is_shown_by_who_is_no_member_is_not_kept() -> None:
    me = founder()
    strangers = [member(f"s{n}", voucher=f"s{n + 1}") for n in range(20)]
    refusal = welcome(me, strangers[0], strangers[1:])
    assert refusal == Refusal(Reason.NOT_A_MEMBER)
    assert [each.peer for each in me.roster.members()] == ["me"]


# Bans.


def banned(subject: str, moment: int | None, version: int = 1, key: bytes = FLEET) -> Ruling:
    return ban.seal(Ruling("ban", subject, moment, version, "alice"), key, signer(key))


@pytest.mark.parametrize(
    "ruling",
    [
        Ruling("ban", "bob", int(NOW), 1, "mallory"),
        Ruling("ban", "bob", None, 1, "mallory"),
        Ruling("ban", "bob", [int(NOW), FLEET, b"x" * 64], 1, "mallory"),
        banned("bob", int(NOW), key=b"other"),
        msgspec.structs.replace(banned("bob", None), version=9),
        msgspec.structs.replace(banned("bob", None), origin="zzz"),
        msgspec.structs.replace(banned("carol", int(NOW)), subject="bob"),
        msgspec.structs.replace(banned("bob", None), value=[int(NOW), *banned("bob", None).value[1:]]),
    ],
)
def test_a_ban_that_the_fleets_key_did_not_sign_is_refused(ruling: Ruling) -> None:
    assert why_not_ruling(ruling, roster(), NOW) is Reason.FORGED


def test_a_ban_counts_until_the_fleets_key_lifts_it() -> None:
    fleet = fleet_of(member("bob"))
    for version, moment in ((1, int(NOW)), (2, None), (3, int(NOW) + 5)):
        ruling = banned("bob", moment, version)
        assert why_not_ruling(ruling, roster(), NOW) is None
        fleet.has.book.put_ruling(ruling)
        assert fleet.why_not("bob") is (None if moment is None else Reason.BANNED)
