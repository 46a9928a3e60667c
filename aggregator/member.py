"""Membership: a short chain of signatures that anybody in the fleet can check offline.

    fleet key ──signs──▶ invitation (its own key, expiry, number of uses) ──signs──▶ admission (a peer id)
    a member, or the fleet key itself ──signs──▶ member (the admission, and when it was let in)

`init` makes the fleet key, and lets the founder in with it. An invitation is a key pair: the fleet signs the public
half, whoever holds the private half can ask to be let in, so many times and so long as the invitation says, without the
fleet key being near. Whoever holds it can write anything with it, any time too; so by itself it makes no member. The
first member that the new node meets looks at its own clock and at who is in already, and signs the rest: it vouches.

Expiry and uses are checked by who vouches, once. Nobody is thrown out later because another turns out to have come
first: the time in a chain can be made up by a member that means ill, and what can be made up must not decide who
counts. So members only ever get more (`roster.py`), whatever the order in which they are heard of, and two halves of a
fleet that were cut apart may let in one node each by an invitation for one.
"""

from collections.abc import Callable, Collection

import msgspec

from aggregator.reason import Reason
from aggregator.unreadable import UNREADABLE

INVITATION = b"error-aggregator invitation 1\0"
ADMISSION = b"error-aggregator admission 1\0"
MEMBER = b"error-aggregator member 1\0"
LATEST = 2**40  # Unix seconds
FLEET_KEY = ""  # in the place of a voucher's peer id: the fleet's key itself


class Invitation(msgspec.Struct, frozen=True, array_like=True):
    """What the fleet key has signed."""

    fleet: bytes  # public key, 32 bytes
    key: bytes  # public key of the invitation, 32 bytes
    expires: float  # Unix seconds: nobody is let in after it
    uses: int
    signature: bytes = b""

    def holds(self, verify: "Verify") -> bool:
        """Whether the fleet key that it names did sign it."""
        return verify(self.fleet, INVITATION + _bare(self), self.signature)


class Member(msgspec.Struct, frozen=True, array_like=True):
    """Who was let in, by what, by whom and when. Without a signature: who has an invitation and was not let in yet."""

    peer: str
    invitation: Invitation
    admission: bytes  # by the invitation's key
    voucher: str = FLEET_KEY  # peer id of the member that let it in
    joined: float = 0.0  # Unix seconds, on the voucher's clock
    signature: bytes = b""  # by the voucher

    @property
    def name(self) -> tuple[str, bytes, str]:
        """Of the chains with one name one is enough."""
        return self.peer, self.invitation.key, self.voucher


Verify = Callable[[bytes, bytes, bytes], bool]  # (key, message, signature)
VerifyPeer = Callable[[str, bytes, bytes], bool]  # (peer id, message, signature)
Sign = Callable[[bytes], bytes]


def invite(fleet: bytes, key: bytes, expires: float, uses: int, sign: Sign) -> Invitation:
    """An invitation; `sign` signs with the fleet's key."""
    bare = Invitation(fleet, key, expires, uses)
    return msgspec.structs.replace(bare, signature=sign(INVITATION + _bare(bare)))


def admit(peer: str, invitation: Invitation, sign: Sign) -> Member:
    """Who asks to be let in; `sign` signs with the invitation's key."""
    return Member(peer, invitation, sign(_admission(peer, invitation)))


def vouch(asking: Member, voucher: str, now: float, sign: Sign) -> Member:
    """A member; `sign` signs with the key of `voucher`, a peer, or of the fleet."""
    bare = msgspec.structs.replace(asking, voucher=voucher, joined=now, signature=b"")
    return msgspec.structs.replace(bare, signature=sign(MEMBER + _bare(bare)))


def check_admission(asking: Member, fleets: Collection[bytes], verify: Verify) -> Reason | None:
    """Why this is nobody who was invited to a fleet with one of these keys."""
    invitation = asking.invitation
    if invitation.fleet not in fleets:
        return Reason.OTHER_FLEET
    said = _admission(asking.peer, invitation)
    return None if invitation.holds(verify) and verify(invitation.key, said, asking.admission) else Reason.FORGED


def check(member: Member, fleets: Collection[bytes], verify: Verify, verify_peer: VerifyPeer) -> Reason | None:
    """Why this chain does not hold; None: it does, and counts as soon as its voucher does."""
    reason = check_admission(member, fleets, verify)
    if reason is not None:
        return reason
    if not member.signature:
        return Reason.NOT_LET_IN
    if not 0 <= member.joined <= min(member.invitation.expires, LATEST):  # NaN is neither
        return Reason.INVITATION_EXPIRED
    said = MEMBER + _bare(member)
    by_fleet = member.voucher == FLEET_KEY and verify(member.invitation.fleet, said, member.signature)
    by_peer = member.voucher != FLEET_KEY and verify_peer(member.voucher, said, member.signature)
    return None if by_fleet or by_peer else Reason.FORGED


def read_chain(value: object) -> Member | None:
    """The chain in a ruling or an introduction; None where it is none."""
    if not isinstance(value, bytes):
        return None
    try:
        return msgspec.msgpack.decode(value, type=Member)
    except UNREADABLE:
        return None


def _admission(peer: str, invitation: Invitation) -> bytes:
    return ADMISSION + msgspec.msgpack.encode((peer, invitation))


def _bare(value: Invitation | Member) -> bytes:
    return msgspec.msgpack.encode(msgspec.structs.replace(value, signature=b""))
