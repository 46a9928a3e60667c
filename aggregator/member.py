"""Membership: a short chain of signatures that anybody in the fleet can check offline.

    fleet key ──signs──▶ invitation (its own key, expiry, number of uses) ──signs──▶ member (a peer id, when it joined)

`init` makes the fleet key. An invitation is a key pair: the fleet signs the public half, whoever holds the private
half can admit nodes with it, so many times and so long as the invitation says, without the fleet key being near. A
member shows its whole chain; nothing has to be asked of anybody. Of more members than an invitation has uses, the
first to join count. Who was let in twice (the first invitation was used up, or banned) has two chains, and counts as
long as one of them holds.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from aggregator.reason import Reason

INVITATION = b"error-aggregator invitation 1\0"
MEMBER = b"error-aggregator member 1\0"
CHAINS = 8  # of one peer; the oldest is forgotten


class Invitation(msgspec.Struct, frozen=True, array_like=True):
    """What the fleet key has signed."""

    fleet: bytes  # public key, 32 bytes
    key: bytes  # public key of the invitation, 32 bytes
    expires: float  # Unix seconds: no joining after it
    uses: int
    signature: bytes = b""

    def holds(self, verify: "Verify") -> bool:
        """Whether the fleet key that it names did sign it."""
        return verify(self.fleet, INVITATION + _bare(self), self.signature)


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
    if not invitation.holds(verify):
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
        self._chains: dict[str, dict[bytes, Member]] = {}  # by peer, by key of the invitation
        self._allowed: set[tuple[str, bytes]] = set()  # peer and key of the invitation

    def accept(self, fleets: Iterable[bytes]) -> None:
        """From now on these fleet keys may let members in; what was put before stays."""
        self.fleets = tuple(fleets)

    def put(self, member: Member) -> Reason | None:
        """Take in a chain. Returns why it does not count; None: it does, as far as uses and bans allow."""
        reason = check(member, self.fleets, self._verify)
        if reason is None and self._is_news(member):
            chains = self._chains.setdefault(member.peer, {})
            chains[member.invitation.key] = member
            if len(chains) > CHAINS:
                del chains[min(chains, key=lambda key: (chains[key].joined, key))]
            self._count_uses()
        return reason

    def member(self, peer: str) -> Member | None:
        """Its chain: one that has not been used up if there is one, the newest of these."""
        chains = self._chains.get(peer, {}).values()
        return max(chains, key=lambda m: ((peer, m.invitation.key) in self._allowed, m.joined), default=None)

    def members(self) -> list[Member]:
        """The chain of everyone that showed one."""
        return [member for member in map(self.member, self._chains) if member]

    def knows(self, member: Member) -> bool:
        """Whether this very chain was put."""
        return self._chains.get(member.peer, {}).get(member.invitation.key) == member

    def why_not(self, peer: str, bans: Mapping[str, float]) -> Reason | None:
        """Why this peer's word does not count now; None: it does. `bans`: by peer id or invitation key in hex."""
        chains = self._chains.get(peer)
        if not chains:
            return Reason.NOT_A_MEMBER
        unbanned = [key for key in chains if key.hex() not in bans]
        if peer in bans or not unbanned:
            return Reason.BANNED
        return None if any((peer, key) in self._allowed for key in unbanned) else Reason.USED_UP

    def banned_from(self, peer: str, bans: Mapping[str, float]) -> float:
        """The moment from which its windows do not count any more; infinite where it is not banned."""
        never = float("inf")
        by_invitation = max((bans.get(key.hex(), never) for key in self._chains.get(peer, ())), default=never)
        return min(bans.get(peer, never), by_invitation)

    def _is_news(self, member: Member) -> bool:
        """Of two admissions by one invitation the first counts."""
        old = self._chains.get(member.peer, {}).get(member.invitation.key)
        return old is None or (member.joined, member.signature) < (old.joined, old.signature)

    def _count_uses(self) -> None:
        by_invitation: dict[bytes, list[Member]] = {}
        for chains in self._chains.values():
            for key, member in chains.items():
                by_invitation.setdefault(key, []).append(member)
        self._allowed = {
            (member.peer, key)
            for key, group in by_invitation.items()
            for member in sorted(group, key=lambda m: (m.joined, m.peer))[: group[0].invitation.uses]
        }


def _bare(value: Invitation | Member) -> bytes:
    return msgspec.msgpack.encode(msgspec.structs.replace(value, signature=b""))
