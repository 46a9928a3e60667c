"""Who is a member: a chain of signatures, less bans, less those beyond an invitation's uses."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.member import CHAINS, Member, Roster, check
from aggregator.reason import Reason
from node.identity import verify_key
from tests.pure.people import DAY, FLEET, GUEST, NOW, invitation, key, member

ENCODED = msgspec.msgpack.encode(member("alice"))
OTHER = key("other guest")


def roster(*members: Member) -> Roster:
    made = Roster([FLEET.public], verify_key)
    for each in members:
        made.put(each)
    return made


def peer(name: str) -> str:
    return key(name).peer


def test_a_chain_that_holds_makes_a_member() -> None:
    made = roster()
    assert made.why_not(peer("alice"), {}) is Reason.NOT_A_MEMBER
    assert made.put(member("alice")) is None
    assert made.why_not(peer("alice"), {}) is None
    assert made.knows(member("alice"))
    assert not made.knows(member("alice", NOW + 1))


@given(st.integers(0, len(ENCODED) - 1), st.integers(1, 255))
def test_no_byte_of_a_chain_can_be_changed(place: int, change: int) -> None:
    data = bytearray(ENCODED)
    data[place] ^= change
    try:
        changed = msgspec.msgpack.decode(bytes(data), type=Member)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert check(changed, [FLEET.public], verify_key) is not None


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (member("alice", by=invitation(key("other fleet"))), Reason.OTHER_FLEET),
        (member("alice", by=invitation(uses=2), guest=OTHER), Reason.FORGED),
        (member("alice", by=msgspec.structs.replace(invitation(), uses=9)), Reason.FORGED),
        (member("alice", by=msgspec.structs.replace(invitation(), expires=NOW * 2)), Reason.FORGED),
        (msgspec.structs.replace(member("alice"), peer=peer("mallory")), Reason.FORGED),
        (member("alice", NOW + DAY + 1), Reason.INVITATION_EXPIRED),
        (member("alice", float("nan")), Reason.INVITATION_EXPIRED),
        (member("alice", -1.0), Reason.INVITATION_EXPIRED),
    ],
)
def test_a_chain_that_does_not_hold_says_why(chain: Member, reason: Reason) -> None:
    assert roster().put(chain) is reason


@given(st.permutations(["alice", "bob", "carol"]))
def test_of_more_members_than_uses_the_first_to_join_count_whatever_the_order(order: list[str]) -> None:
    by, joined = invitation(uses=2), {"alice": NOW, "bob": NOW + 1, "carol": NOW + 2}
    made = roster(*(member(name, joined[name], by) for name in order))
    assert [made.why_not(peer(name), {}) for name in joined] == [None, None, Reason.USED_UP]


def test_a_peer_or_its_invitation_can_be_banned() -> None:
    made = roster(member("alice"))
    for banned in (peer("alice"), GUEST.public.hex()):
        assert made.why_not(peer("alice"), {banned: NOW + 5}) is Reason.BANNED
        assert made.banned_from(peer("alice"), {banned: NOW + 5}) == NOW + 5
    assert made.banned_from(peer("alice"), {peer("bob"): NOW}) == float("inf")


def test_who_came_too_late_is_let_in_by_a_second_invitation() -> None:
    again = invitation(guest=OTHER)
    made = roster(member("alice"), member("bob", NOW + 1))
    assert made.why_not(peer("bob"), {}) is Reason.USED_UP
    assert made.put(member("bob", NOW + 2, again, OTHER)) is None
    assert made.why_not(peer("bob"), {}) is None
    assert made.why_not(peer("alice"), {}) is None
    found = made.member(peer("bob"))
    assert found is not None
    assert found.invitation == again


def test_a_second_invitation_outlives_the_ban_of_the_first_but_not_that_of_the_peer() -> None:
    made = roster(member("bob"), member("bob", NOW + 2, invitation(guest=OTHER), OTHER))
    first = {GUEST.public.hex(): NOW}
    assert made.why_not(peer("bob"), first) is None
    assert made.banned_from(peer("bob"), first) == float("inf")
    assert made.why_not(peer("bob"), first | {peer("bob"): NOW + 9}) is Reason.BANNED
    assert made.banned_from(peer("bob"), first | {OTHER.public.hex(): NOW + 7}) == NOW + 7


def test_the_chains_of_one_peer_are_bounded() -> None:
    guests = [key(f"guest {n}") for n in range(CHAINS + 3)]
    chains = [member("bob", NOW + n, invitation(guest=guest), guest) for n, guest in enumerate(guests)]
    made = roster(*chains)
    assert sum(map(made.knows, chains)) == CHAINS
    assert made.why_not(peer("bob"), {}) is None
