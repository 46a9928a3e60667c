"""Who is a member now: of all chains that were shown, those that lead back to the fleet's key, less the banned.

A chain stands when its voucher is the fleet's key, or a peer of which a chain stands and that was not banned when it
vouched. So what is known is a tree, and grows from its root: a chain that is heard before its voucher's waits. Chains
only ever add, and of two with one name the earlier stays, which stands wherever the later does; so the order in which
they are heard decides nothing, and nobody can take back what made another a member.

A ban counts from its moment. What a peer counted before stays counted, whom it let in before stays a member; whom it
says to have let in later never was one. Taking in a chain costs the same however many there are; only a new ban, or
the end of one, goes through all of them.
"""

from collections.abc import Collection, Mapping

import msgspec

from aggregator.member import FLEET_KEY, Member, Verify, VerifyPeer, check
from aggregator.reason import Reason

NEVER = float("inf")
DEPTH = 64  # from the fleet's key to a member, at most: so long is the path that is shown with a chain
VERSIONS = 2**53 - 1

Bans = Mapping[str, float]  # moments (Unix seconds) by peer id, or by key of an invitation in hex
Chains = dict[tuple[str, bytes, str], Member]


class Roster:
    """All chains, and which of them stand."""

    def __init__(self, fleets: Collection[bytes], verify: Verify, verify_peer: VerifyPeer) -> None:
        self.fleets = tuple(fleets)
        self.verify, self._verify_peer = verify, verify_peer
        self._chains: dict[str, Chains] = {}  # by peer
        self._bans: Bans = {}
        self._given: Bans = self._bans  # the same, as it was handed in
        self._standing: dict[str, Chains] = {}  # by peer; in the order in which they came to stand
        self._waiting: dict[str, Chains] = {}  # by voucher
        self._used: dict[bytes, set[str]] = {}  # peers by key of the invitation

    def accept(self, fleets: Collection[bytes]) -> None:
        """From now on these fleet keys may let members in; what was put before stays."""
        self.fleets = tuple(fleets)

    def why_not_sound(self, member: Member) -> Reason | None:
        """Why this chain does not hold, whoever its voucher is."""
        return check(member, self.fleets, self.verify, self._verify_peer)

    def put(self, member: Member) -> Reason | None:
        """Take in a chain. Returns why it does not hold; None: it does, and counts when its voucher does."""
        if self.knows(member):
            return None
        reason = self.why_not_sound(member)
        if reason is None:
            chains = self._chains.setdefault(member.peer, {})
            chains[member.name] = earlier(member, chains.get(member.name))
            self._judge(chains[member.name])
        return reason

    def knows(self, member: Member) -> bool:
        """Whether this very chain was put."""
        return self._chains.get(member.peer, {}).get(member.name) == member

    def follows(self, member: Member, bans: Bans) -> bool:
        """Whether its voucher is a member, or the fleet's key."""
        self._heed(bans)
        return member.voucher == FLEET_KEY or member.voucher in self._standing

    def member(self, peer: str) -> Member | None:
        """Its chain: one that stands if there is one, the newest of these."""
        chains = self._chains.get(peer, {}).values()
        return max(chains, key=lambda m: (self._stands(m), m.joined), default=None)

    def members(self) -> list[Member]:
        """The chain of everyone that showed one."""
        return [member for member in map(self.member, self._chains) if member]

    def let_in(self, asking: Member) -> Member | None:
        """The chain that stands of who shows this invitation; None where nobody has let it in with that."""
        chains = self._standing.get(asking.peer, {}).values()
        return next((each for each in chains if each.invitation == asking.invitation), None)

    def used(self, key: bytes) -> int:
        """How many peers an invitation has let in."""
        return len(self._used.get(key, ()))

    def path(self, peer: str) -> list[Member]:
        """From this peer's chain to one that the fleet's key has signed; empty where it has none that stands."""
        path: list[Member] = []
        while peer in self._standing:
            path.append(next(iter(self._standing[peer].values())))  # each stands on one that stood before it
            peer = path[-1].voucher
        return path

    def never(self, peer: str, bans: Bans) -> Reason | None:
        """Why nothing that this peer ever said counts; None: it is, or was, a member."""
        self._heed(bans)
        if self._standing.get(peer):
            return None
        known = any(m.voucher == FLEET_KEY or m.voucher in self._standing for m in self._chains.get(peer, {}).values())
        return Reason.BANNED if known else Reason.NOT_A_MEMBER

    def why_not(self, peer: str, bans: Bans) -> Reason | None:
        """Why this peer's word does not count now; None: it does."""
        return self.never(peer, bans) or (Reason.BANNED if self.banned_from(peer, bans) < NEVER else None)

    def banned_from(self, peer: str, bans: Bans) -> float:
        """The moment from which its windows do not count any more; infinite where it is not banned."""
        self._heed(bans)
        return self._until(peer)

    def _until(self, peer: str) -> float:
        keys = {each.invitation.key for each in self._standing.get(peer, {}).values()}
        by_invitation = max((self._bans.get(key.hex(), NEVER) for key in keys), default=NEVER)
        return min(self._bans.get(peer, NEVER), by_invitation)

    def _heed(self, bans: Bans) -> None:
        if bans is self._given or bans == self._bans:
            return
        self._given, self._bans = bans, dict(bans)
        self._standing, self._waiting, self._used = {}, {}, {}
        for chains in self._chains.values():
            for member in chains.values():
                self._judge(member)

    def _judge(self, member: Member) -> None:
        """It stands, and whoever waited for it may stand too; or it waits for its voucher."""
        judged = [member]
        while judged:
            each = judged.pop()
            if self._stands(each):
                self._waiting.get(each.voucher, {}).pop(each.name, None)
                self._standing.setdefault(each.peer, {})[each.name] = each
                self._used.setdefault(each.invitation.key, set()).add(each.peer)
                judged += self._waiting.pop(each.peer, {}).values()
            else:
                self._waiting.setdefault(each.voucher, {})[each.name] = each

    def _stands(self, member: Member) -> bool:
        if member.joined >= self._bans.get(member.invitation.key.hex(), NEVER):
            return False
        if member.voucher == FLEET_KEY:
            return True
        return member.voucher in self._standing and member.joined < self._until(member.voucher)


def earlier(member: Member, other: Member | None) -> Member:
    """Of two chains with one name the one that stands wherever the other does."""
    return member if other is None else max(member, other, key=_rank)


def version_of(member: Member) -> int:
    """What it has as an entry of the book, where the higher version stays: the earlier in whole milliseconds."""
    return VERSIONS - int(member.joined * 1000)


def subject_of(member: Member) -> str:
    """What it is in the book: each voucher answers for its own word alone."""
    return f"{member.peer} {member.invitation.key.hex()} {member.voucher}".rstrip()


def _rank(member: Member) -> tuple[int, bytes]:
    return version_of(member), msgspec.msgpack.encode(msgspec.msgpack.encode(member))  # as the book has it
