"""Who is welcome, and who is let in now: a function of what is shown, of who is known and of this node's clock.

What is checked here binds nobody afterwards: whoever was let in stays, whatever turns out later (see `member.py`). So
this is the one place where expiry and uses of an invitation count.
"""

from collections.abc import Sequence
from typing import NamedTuple

from aggregator.accept import Refusal
from aggregator.member import Member, Sign, check_admission, read_chain, vouch
from aggregator.reason import Reason
from aggregator.roster import DEPTH, Bans, Roster


class Keeper(NamedTuple):
    """Who stands at the door, and what it knows."""

    peer: str
    roster: Roster
    bans: Bans
    sign: Sign


def welcome(door: Keeper, chain: bytes, path: Sequence[bytes]) -> Member | Refusal:
    """The member that a chain proves, with the path from its voucher to the fleet's key.

    Of the path only what leads back to the fleet's key is taken in: who shows it may be anybody. A refusal for
    `NOT_LET_IN` is of one who has an invitation: see `let_in`.
    """
    roster, member = door.roster, read_chain(chain)
    if member is None:
        return Refusal(Reason.FORGED, "the chain cannot be read")
    for each in reversed([member, *filter(None, map(read_chain, path[:DEPTH]))]):
        if roster.follows(each, door.bans):
            roster.put(each)
    reason = None if roster.knows(member) else roster.why_not_sound(member)
    reason = reason or roster.why_not(member.peer, door.bans)
    return Refusal(reason) if reason else member


def let_in(door: Keeper, asking: Member, now: float) -> Member | Refusal:
    """The chain of one who has an invitation, with this node's word for it, if it may be let in now.

    By the same invitation nobody is let in twice. Who is let in counts from here on: enter it into the book.
    """
    before = door.roster.let_in(asking)
    if before is not None:
        return before
    reason = _why_not(door, asking, now)
    if reason is not None:
        return Refusal(reason)
    member = vouch(asking, door.peer, now, door.sign)
    door.roster.put(member)
    return member


def _why_not(door: Keeper, asking: Member, now: float) -> Reason | None:
    roster, invitation = door.roster, asking.invitation
    reason = check_admission(asking, roster.fleets, roster.verify)
    if reason is not None:
        return reason
    if invitation.key.hex() in door.bans or asking.peer in door.bans:
        return Reason.BANNED
    if not now <= invitation.expires:
        return Reason.INVITATION_EXPIRED
    if roster.used(invitation.key) >= invitation.uses:
        return Reason.USED_UP
    is_member = roster.why_not(door.peer, door.bans) is None
    return None if is_member and len(roster.path(door.peer)) < DEPTH else Reason.NOT_LET_IN
