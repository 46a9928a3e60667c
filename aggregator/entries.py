"""Whether an entry of the book that comes from outside is taken, and what introduces a member to everybody.

A member's chain travels as a ruling, and counts for what it proves, never for who passed it on: all of the ruling
follows from the chain. A ban counts for the fleet's key that signed it. All other rulings any member may make, and any
other overrule: so a version may run ahead of the clock by no more than clocks may be wrong, or the first that took the
highest would rule for ever.
"""

import msgspec

from aggregator import ban
from aggregator.book import Ruling
from aggregator.member import LATEST, Member, read_chain
from aggregator.reason import Reason
from aggregator.roster import Roster, subject_of, version_of
from aggregator.rulings import sound_ruling
from aggregator.window import FUTURE

MEMBER = "member"
RULING_BYTES = 4 * 1024  # it is never purged; a member's chain, the largest that is made, has an eighth of it
SUBJECT_CHARS, KIND_CHARS = 256, 32
NOBODY = Roster((), lambda _key, _message, _signature: False, lambda _peer, _message, _signature: False)


def introduction(member: Member) -> Ruling:
    """The ruling that makes a member known to everybody."""
    return Ruling(MEMBER, subject_of(member), msgspec.msgpack.encode(member), version_of(member), member.voucher)


def why_not_ruling(ruling: Ruling, roster: Roster, now: float) -> Reason | None:
    """Why a ruling from outside is not taken; None: it is. A member's chain is then in the roster."""
    if not 1 <= ruling.version < 2**53 or len(ruling.subject) > SUBJECT_CHARS or len(ruling.kind) > KIND_CHARS:
        return Reason.BAD_MESSAGE
    if not sound_ruling(ruling) or len(msgspec.msgpack.encode(ruling)) > RULING_BYTES:
        return Reason.BAD_MESSAGE
    if ruling.kind == MEMBER:
        return _why_not_member(ruling, roster)
    if ruling.kind == ban.KIND:
        return ban.check(ruling, roster.fleets, roster.verify)
    return Reason.IN_THE_FUTURE if ruling.version > (now + FUTURE) * 1000 else None


def why_not_kept(ruling: Ruling, roster: Roster | None) -> Reason | None:
    """Why a ruling that this node has kept does not count; None: it does. It came in time, whatever the clock says now.

    Without a `roster` the node belongs to no fleet, and nobody's membership or ban is of any consequence.
    """
    if roster is None and ruling.kind in (MEMBER, ban.KIND):
        return None
    return why_not_ruling(ruling, roster or NOBODY, float("inf"))


def _why_not_member(ruling: Ruling, roster: Roster) -> Reason | None:
    member = read_chain(ruling.value)
    if member is None or not 0 <= member.joined <= LATEST:
        return Reason.FORGED
    return roster.put(member) if introduction(member) == ruling else Reason.FORGED
