"""Who is a member: a chain of signatures from the fleet's key by those who let each other in, less bans."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.member import Member, check
from aggregator.reason import Reason
from aggregator.roster import NEVER, Roster, earlier
from node.identity import verify, verify_key
from tests.pure.people import DAY, FLEET, GUEST, NOW, asking, invitation, key, member

ENCODED = msgspec.msgpack.encode(member("alice"))
OTHER = key("other guest")
MANY = invitation(uses=9)


def roster(*members: Member) -> Roster:
    made = Roster([FLEET.public], verify_key, verify)
    for each in members:
        made.put(each)
    return made


def believed(*members: Member) -> Roster:
    """A roster that believes every signature: for laws, of which many cases are tried."""
    made = Roster([FLEET.public], _any, _any)
    for each in members:
        made.put(each)
    return made


def _any(*_: object) -> bool:
    return True


def unsigned(name: str, joined: float, voucher: str) -> Member:
    return Member(peer(name), MANY, b"", peer(voucher) if voucher else "", joined, b"s")


def peer(name: str) -> str:
    return key(name).peer


def test_a_chain_that_holds_makes_a_member() -> None:
    made = roster()
    assert made.why_not(peer("alice"), {}) is Reason.NOT_A_MEMBER
    assert made.put(member("alice")) is None
    assert made.why_not(peer("alice"), {}) is None
    assert made.knows(member("alice"))
    assert not made.knows(member("alice", NOW - 1))


@given(st.integers(0, len(ENCODED) - 1), st.integers(1, 255))
def test_no_byte_of_a_chain_can_be_changed(place: int, change: int) -> None:
    data = bytearray(ENCODED)
    data[place] ^= change
    try:
        changed = msgspec.msgpack.decode(bytes(data), type=Member)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert check(changed, [FLEET.public], verify_key, verify) is not None


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (member("alice", by=invitation(key("other fleet"))), Reason.OTHER_FLEET),
        (member("alice", by=invitation(uses=2), guest=OTHER), Reason.FORGED),
        (member("alice", by=msgspec.structs.replace(invitation(), uses=9)), Reason.FORGED),
        (member("alice", by=msgspec.structs.replace(invitation(), expires=NOW * 2)), Reason.FORGED),
        (msgspec.structs.replace(member("alice"), peer=peer("mallory")), Reason.FORGED),
        (msgspec.structs.replace(member("alice"), joined=NOW - 5), Reason.FORGED),
        (msgspec.structs.replace(member("alice"), voucher=peer("bob")), Reason.FORGED),
        (asking("alice"), Reason.NOT_LET_IN),
        (member("alice", NOW + DAY + 1), Reason.INVITATION_EXPIRED),
        (member("alice", float("nan")), Reason.INVITATION_EXPIRED),
        (member("alice", -1.0), Reason.INVITATION_EXPIRED),
    ],
)
def test_a_chain_that_does_not_hold_says_why(chain: Member, reason: Reason) -> None:
    assert roster().put(chain) is reason


def test_who_only_holds_an_invitation_cannot_let_itself_in() -> None:
    by_itself = member("mallory", 0.0, MANY, voucher="mallory")
    by_a_friend = member("mallory", 0.0, MANY, voucher="friend")
    made = roster(by_itself, by_a_friend, member("friend", 0.0, MANY, voucher="mallory"))
    assert made.why_not(peer("mallory"), {}) is Reason.NOT_A_MEMBER
    assert made.why_not(peer("friend"), {}) is Reason.NOT_A_MEMBER


def test_nobody_is_thrown_out_by_who_says_to_have_come_first() -> None:
    """Two halves of a fleet let in one node each by an invitation for one; or a member makes up an early time."""
    once = invitation(guest=OTHER)
    alice, bob = member("alice", by=MANY), member("bob", by=MANY)
    made = roster(alice, bob, member("carol", NOW + 5, once, OTHER, "alice"))
    made.put(member("mallory", 0.0, once, OTHER, "bob"))
    assert made.why_not(peer("carol"), {}) is None
    assert made.why_not(peer("mallory"), {}) is None
    assert made.used(OTHER.public) == 2


PEOPLE = ("alice", "bob", "carol", "dave", "mallory")
chains = st.lists(
    st.builds(
        unsigned, st.sampled_from(PEOPLE), st.integers(1, 6).map(NOW.__add__), st.sampled_from(("", "", *PEOPLE))
    ),
    max_size=10,
)
banned = st.dictionaries(st.sampled_from([*map(peer, PEOPLE), GUEST.public.hex()]), st.integers(1, 6).map(NOW.__add__))


def standing(made: Roster, bans: dict[str, float]) -> list[object]:
    return [(made.why_not(peer(n), bans), made.never(peer(n), bans), made.banned_from(peer(n), bans)) for n in PEOPLE]


@given(chains, banned, st.randoms(use_true_random=False))
def test_who_counts_does_not_depend_on_the_order_in_which_chains_and_bans_are_heard(
    some: list[Member], bans: dict[str, float], shuffler: random.Random
) -> None:
    shuffled = [*some, *some[:3]]
    shuffler.shuffle(shuffled)
    other = believed()
    for n, each in enumerate(shuffled):
        if n == len(shuffled) // 2:
            other.why_not(each.peer, bans)
        other.put(each)
    assert standing(believed(*some), bans) == standing(other, bans)


@given(chains, st.builds(unsigned, st.sampled_from(PEOPLE), st.just(NOW), st.sampled_from(PEOPLE)))
def test_one_chain_more_takes_membership_from_nobody(some: list[Member], one_more: Member) -> None:
    before = {name for name in PEOPLE if believed(*some).why_not(peer(name), {}) is None}
    assert before <= {name for name in PEOPLE if believed(*some, one_more).why_not(peer(name), {}) is None}


@given(chains)
def test_every_member_shows_a_path_that_convinces_who_knows_nobody(some: list[Member]) -> None:
    made = believed(*some)
    for name in PEOPLE:
        path = made.path(peer(name))
        assert bool(path) == (made.why_not(peer(name), {}) is None)
        newcomer = believed()
        for each in reversed(path):
            assert newcomer.follows(each, {})
            assert newcomer.put(each) is None
        assert newcomer.why_not(peer(name), {}) == made.why_not(peer(name), {})


def test_of_two_words_of_one_voucher_the_earlier_stays_so_it_cannot_take_its_word_back() -> None:
    alice, first = member("alice", by=MANY), member("bob", NOW + 1, MANY, voucher="alice")
    later = member("bob", NOW + 9, MANY, voucher="alice")
    assert earlier(first, later) == earlier(later, first) == first
    for order in ((first, later), (later, first)):
        made = roster(alice, *order)
        assert made.why_not(peer("bob"), {peer("alice"): NOW + 5}) is None


def test_a_peer_or_its_invitation_can_be_banned() -> None:
    made = roster(member("alice"))
    for subject in (peer("alice"), GUEST.public.hex()):
        assert made.why_not(peer("alice"), {subject: NOW + 5}) is Reason.BANNED
        assert made.never(peer("alice"), {subject: NOW + 5}) is None
        assert made.banned_from(peer("alice"), {subject: NOW + 5}) == NOW + 5
    assert made.banned_from(peer("alice"), {peer("bob"): NOW}) == NEVER


def test_whom_a_banned_member_let_in_before_stays_and_whom_it_says_to_have_let_in_since_never_was_one() -> None:
    made = roster(member("alice", by=MANY), member("bob", NOW + 1, MANY, voucher="alice"))
    made.put(member("carol", NOW + 7, MANY, voucher="alice"))
    bans = {peer("alice"): NOW + 5}
    assert made.never(peer("bob"), bans) is None
    assert made.never(peer("carol"), bans) is Reason.BANNED
    assert made.never(peer("carol"), {}) is None, "the ban was lifted"


def test_a_second_invitation_outlives_the_ban_of_the_first_but_not_that_of_the_peer() -> None:
    made = roster(member("bob"), member("bob", NOW + 2, invitation(guest=OTHER), OTHER))
    first = {GUEST.public.hex(): NOW + 1}
    assert made.why_not(peer("bob"), first) is None
    assert made.banned_from(peer("bob"), first) == NEVER
    assert made.why_not(peer("bob"), first | {peer("bob"): NOW + 9}) is Reason.BANNED
    assert made.banned_from(peer("bob"), first | {OTHER.public.hex(): NOW + 7}) == NOW + 7


def test_a_large_fleet_is_taken_in_with_work_that_grows_with_it_only() -> None:
    calls = 0

    def counted(*_: object) -> bool:
        nonlocal calls
        calls += 1
        return True

    made = Roster([FLEET.public], counted, counted)
    some = [msgspec.structs.replace(member("alice", by=MANY), peer=f"p{n}") for n in range(3_000)]
    for each in some:
        made.put(each)
        assert made.why_not(each.peer, {}) is None
        made.put(each)
    assert calls == 3 * len(some)
