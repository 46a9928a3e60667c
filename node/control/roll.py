"""Who is in the fleet, who files, and who is shut out from now on.

A ban names a peer, or an invitation and with it everyone whom it let in. It counts from the moment at which it was
ruled, up to the next full second: what was counted before stays counted, so that every node agrees whatever the order
in which it hears of it. It is signed with the fleet's key, so it can be made, and ended, only where that is.
"""

import math
from collections.abc import Iterable

import msgspec

from aggregator.ban import KIND
from aggregator.fleetkey import Keys
from aggregator.member import Member
from aggregator.moment import rfc3339
from node.control.changes import BadRequest, Unknown
from node.control.done import Banned, Renewed
from node.control.peers import Leading, PeerRow, Runner
from node.control.view import FleetView, View

SHORTEST = 6  # characters that may stand for a peer (its end; all begin alike) or an invitation (its beginning)
ALONE = "this node belongs to no fleet: `aggregator init` founds one, `aggregator join` joins one"


class Ban(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, as it comes over the socket."""

    subject: str
    lift: bool = False


def peers(view: View) -> list[PeerRow]:
    """Every node of the fleet. Raises `BadRequest` where there is no fleet."""
    return _fleet(view).peers()


def leading(view: View) -> list[Leading]:
    """Who files for each repository; without a fleet this node alone."""
    return view.fleet.leading() if view.fleet else _alone(view)


async def ban(view: View, asked: Ban) -> Banned:
    """Rule a ban, or its end, as the fleet's key may. Raises `Unknown`, `BadRequest` and `FleetError`."""
    members = _fleet(view).members()
    subject = find(members, asked.subject) or _banned(view, asked.subject)
    if subject is None:
        raise Unknown(
            f"{asked.subject} names no member and no invitation, or several: `aggregator peers` lists them; "
            f"the last {SHORTEST} characters of a peer or the first {SHORTEST} of an invitation do"
        )
    concerned = sorted(m.peer for m in members if subject in (m.peer, m.invitation.key.hex()))
    if view.health().node in concerned and not asked.lift:
        raise BadRequest("that would ban this node itself: do it from another one, to which fleet.key was copied")
    moment, seal = None if asked.lift else math.ceil(view.now()), await _fleet(view).seal()
    await view.rule("unban" if asked.lift else "ban", subject, [(KIND, subject, moment)], seal)
    return Banned(subject=subject, members=concerned, since=rfc3339(moment) if moment else "")


async def renew(view: View, keys: Keys) -> Renewed:
    """Take over new keys of the fleet. Raises `BadRequest` where there is no fleet, and `FleetError`."""
    return await _fleet(view).renew(keys)


def find(members: Iterable[Member], name: str) -> str | None:
    """The one peer or invitation that `name` stands for; None where there is not just one."""
    known = {each for m in members for each in (m.peer, m.invitation.key.hex())}
    if name in known:
        return name
    found = {each for each in known if each.endswith(name) or each.startswith(name)}
    return found.pop() if len(found) == 1 and len(name) >= SHORTEST else None


def _banned(view: View, name: str) -> str | None:
    """Who is banned already, though nobody has shown its chain since this node started."""
    return name if view.known.book.value(KIND, name) is not None else None


def _fleet(view: View) -> FleetView:
    if view.fleet is None:
        raise BadRequest(ALONE)
    return view.fleet


def _alone(view: View) -> list[Leading]:
    health = view.health()
    return [_only(name, health.node, "") for name in health.candidates] + [
        _only(name, health.node, reason) for name, reason in health.trouble.items()
    ]


def _only(repository: str, node: str, reason: str) -> Leading:
    runner = Runner(peer=node, rank=None if reason else 0, wait=0.0, reason=reason)
    return Leading(repository=repository, leader="" if reason else node, reason=reason, runners=[runner])
