"""Membership: a short chain of signatures that anybody in the fleet can check offline.

    fleet key ──signs──▶ invitation (its own key, expiry, number of uses) ──signs──▶ member (a peer id, when it joined)

`init` makes the fleet key. An invitation is a key pair: the fleet signs the public half, whoever holds the private
half can admit nodes with it, so many times and so long as the invitation says, without the fleet key being near. A
member shows its whole chain; nothing has to be asked of anybody. Of more members than an invitation has uses, the
first to join count.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from aggregator.reason import Reason

INVITATION = b"error-aggregator invitation 1\0"
MEMBER = b"error-aggregator member 1\0"


class Invitation(msgspec.Struct, frozen=True, array_like=True):
    """What the fleet key has signed."""

    fleet: bytes  # public key, 32 bytes
    key: bytes  # public key of the invitation, 32 bytes
    expires: float  # Unix seconds: no joining after it
    uses: int
    signature: bytes = b""


class Member(msgspec.Struct, frozen=True, array_like=True):
    """What an invitation's key has signed, with the invitation itself."""

    peer: str
    joined: float  # Unix seconds
    invitation: Invitation
    signature: bytes = b""


Verify = Callable[[bytes, bytes, bytes], bool]  # (key, message, signature)
Sign = Callable[[bytes], bytes]


def invite(fleet: bytes, key: bytes, expires: float, uses: int, sign: Sign) -> Invitation:
    """An invitation; `sign` signs with the fleet's key."""
    bare = Invitation(fleet, key, expires, uses)
    return msgspec.structs.replace(bare, signature=sign(INVITATION + _bare(bare)))


def admit(peer: str, joined: float, invitation: Invitation, sign: Sign) -> Member:
    """A member; `sign` signs with the invitation's key."""
    bare = Member(peer, joined, invitation)
    return msgspec.structs.replace(bare, signature=sign(MEMBER + _bare(bare)))


def check(member: Member, fleets: Iterable[bytes], verify: Verify) -> Reason | None:
    """Why this is no member of a fleet with one of these keys; None: it is one, unless banned."""
    invitation = member.invitation
    if invitation.fleet not in fleets:
        return Reason.OTHER_FLEET
    if not verify(invitation.fleet, INVITATION + _bare(invitation), invitation.signature):
        return Reason.FORGED
    if not verify(invitation.key, MEMBER + _bare(member), member.signature):
        return Reason.FORGED
    if not 0 <= member.joined <= invitation.expires:
        return Reason.INVITATION_EXPIRED
    return None


class Roster:
    """Who is a member now: all chains that were shown, less the banned and those beyond an invitation's uses."""

    def __init__(self, fleets: Iterable[bytes], verify: Verify) -> None:
        self.fleets = tuple(fleets)
        self._verify = verify
        self._members: dict[str, Member] = {}
        self._allowed: set[str] = set()

    def put(self, member: Member) -> Reason | None:
        """Take in a chain. Returns why it does not count; None: it does, as far as uses and bans allow."""
        reason = check(member, self.fleets, self._verify)
        if reason is None:
            old = self._members.get(member.peer)
            if old is None or (member.joined, member.signature) < (old.joined, old.signature):
                self._members[member.peer] = member
            self._count_uses()
        return reason

    def member(self, peer: str) -> Member | None:
        return self._members.get(peer)

    def why_not(self, peer: str, bans: Mapping[str, float]) -> Reason | None:
        """Why this peer's word does not count now; None: it does. `bans`: by peer id or invitation key in hex."""
        member = self._members.get(peer)
        if member is None:
            return Reason.NOT_A_MEMBER
        if peer in bans or member.invitation.key.hex() in bans:
            return Reason.BANNED
        return None if peer in self._allowed else Reason.USED_UP

    def _count_uses(self) -> None:
        by_invitation: dict[bytes, list[Member]] = {}
        for member in self._members.values():
            by_invitation.setdefault(member.invitation.key, []).append(member)
        self._allowed = {
            member.peer
            for group in by_invitation.values()
            for member in sorted(group, key=lambda m: (m.joined, m.peer))[: group[0].invitation.uses]
        }


def _bare(value: Invitation | Member) -> bytes:
    return msgspec.msgpack.encode(msgspec.structs.replace(value, signature=b""))
