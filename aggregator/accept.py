"""Whether a page from outside is taken: a function of its bytes, the members, the bans and the horizon, nothing else.

So every node takes the same pages, whoever passes them on and in whatever order. A page is taken at any age between
the horizon and one hour ahead; what lies further ahead is deferred, not refused, because a clock may be wrong. A page
that is refused says why, and its version is remembered by who asked for it, so that it is not asked for again.
"""

from collections.abc import Mapping
from typing import NamedTuple

from aggregator.page import BadPage, Page, Verifier, check
from aggregator.reason import Reason
from aggregator.roster import Roster
from aggregator.tally import Tally
from aggregator.window import FUTURE


class Gate(NamedTuple):
    """What pages are measured against."""

    fleet: bytes  # id of the fleet, part of what is signed
    length: int  # seconds of a window
    roster: Roster
    bans: Mapping[str, float]  # by peer id or invitation key in hex: windows from this moment on do not count
    horizon: int
    verify: Verifier


class Refusal(NamedTuple):
    reason: Reason
    text: str = ""


def accept(page: Page, gate: Gate, now: float) -> list[Tally] | Refusal:
    """The tallies of a page that is taken, or why it is not."""
    if page.key.window < gate.horizon:
        return Refusal(Reason.BELOW_HORIZON)
    if page.key.window > now + FUTURE:
        return Refusal(Reason.IN_THE_FUTURE)
    peer = page.key.origin.peer
    why = gate.roster.never(peer, gate.bans)
    if why is not None:
        return Refusal(why)
    if page.key.window >= gate.roster.banned_from(peer, gate.bans):
        return Refusal(Reason.BANNED)
    try:
        return check(page, gate.fleet, gate.length, gate.verify)
    except BadPage as error:
        return Refusal(Reason.BAD_PAGE, str(error))
