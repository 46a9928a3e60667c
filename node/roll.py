"""The fleet as this node sees it, for `peers`, `leader` and `ban`: members, neighbours and presences put together.

What is shown is what this node decides from: a peer that is away here may be here elsewhere, and two nodes that see
different candidates may each name another leader for a while. That is harmless, since the claim decides, and worth
seeing.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from aggregator import __version__
from aggregator.election import RANKS, wait_for
from aggregator.fleet import Fleet
from aggregator.fleetkey import Keys
from aggregator.member import Member
from aggregator.moment import rfc3339
from aggregator.reason import Reason
from node.clock import Clock
from node.control.done import Renewed
from node.control.peers import Leading, PeerRow, Runner
from node.control.view import Seal


class Link(Protocol):
    """A connected peer."""

    @property
    def peer_id(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def last_seen(self) -> float:
        """Unix seconds."""
        ...


class Standing(Protocol):
    """Who files for a repository, as the election has it."""

    @property
    def order(self) -> list[str]: ...
    @property
    def reason(self) -> Reason | None: ...


class Roll:
    """Satisfies `node.control.view.FleetView`.

    `links`: of the network now. `compared`: by neighbour, when all that it had was here, on the elapsed clock.
    `standing`: the election's word on a repository. `mine`: repositories that this node may file for.
    `trouble`: by repository, the name of the reason why this node may not. `takeover`: seconds that each rank waits.
    `renew`: takes over new keys. `seal`: gives what signs a ban.
    """

    def __init__(
        self,
        fleet: Fleet,
        clock: Clock,
        links: Callable[[], Iterable[Link]],
        compared: Callable[[], Mapping[str, float]],
        standing: Callable[[str], Standing],
        mine: Callable[[], Iterable[str]],
        trouble: Callable[[], Mapping[str, str]],
        takeover: Callable[[], float],
        addresses: Callable[[], list[str]],
        renew: Callable[[Keys], Awaitable[Renewed]],
        seal: Callable[[], Awaitable[Seal]],
    ) -> None:
        self._fleet, self._clock, self._links, self._compared = fleet, clock, links, compared
        self._standing, self._mine, self._trouble, self._takeover = standing, mine, trouble, takeover
        self._addresses, self._renew, self._seal = addresses, renew, seal

    def members(self) -> list[Member]:
        return self._fleet.roster.members()

    async def renew(self, keys: Keys) -> Renewed:
        return await self._renew(keys)

    async def seal(self) -> Seal:
        return await self._seal()

    def peers(self) -> list[PeerRow]:
        """This node, then those that are here, then the others."""
        links = {link.peer_id: link for link in self._links()}
        known = {m.peer for m in self.members()} | links.keys() | set(self._fleet.peers.everybody())
        known.discard(self._fleet.me.peer)
        rows = [self._peer(peer, links.get(peer)) for peer in known]
        return [self._self(), *sorted(rows, key=lambda row: (row.state != "here", not row.link, row.peer))]

    def leading(self) -> list[Leading]:
        """Every repository that any node speaks of, by name."""
        names = {name.lower(): name for name in (*self._elsewhere(), *self._trouble(), *self._mine())}
        return [self._lead(name) for _, name in sorted(names.items())]

    def leaders(self) -> dict[str, str]:
        """By repository: the peer id of who files; nobody where there is no candidate."""
        return {each.repository: each.leader for each in self.leading() if each.leader}

    def _self(self) -> PeerRow:
        me = self._fleet.me.peer
        member = self._fleet.roster.member(me)
        return PeerRow(
            peer=me,
            state="self",
            link="",
            address=next(iter(self._addresses()), ""),
            last_seen=rfc3339(self._clock.now()),
            lag=None,
            version=__version__,
            settled=True,
            candidate=sorted(self._mine()),
            joined=rfc3339(member.joined) if member else "",
            invitation=member.invitation.key.hex() if member else "",
            reason=self._of_myself(member),
        )

    def _of_myself(self, member: Member | None) -> str:
        if self._fleet.copied(self._clock.elapsed()):
            return Reason.COPIED.name
        return "" if member else Reason.NOT_LET_IN.name

    def _peer(self, peer: str, link: Link | None) -> PeerRow:
        seen, member, reason = self._fleet.peers.get(peer), self._fleet.roster.member(peer), self._fleet.why_not(peer)
        presence = seen.presence if seen else None
        told = presence.addresses[0] if presence and presence.addresses else ""
        heard = self._clock.now() - (self._clock.elapsed() - seen.heard) if seen else 0.0
        last = max(heard, link.last_seen if link else 0.0)
        at = self._compared().get(peer)
        return PeerRow(
            peer=peer,
            state=self._state(peer),
            link=link.direction if link else "",
            address=(link.address if link else "") or told,
            last_seen=rfc3339(last) if last else "",
            lag=round(self._clock.elapsed() - at, 1) if at is not None and link else None,
            version=presence.version if presence else "",
            settled=bool(presence and presence.settled),
            candidate=sorted(presence.candidate) if presence else [],
            joined=rfc3339(member.joined) if member else "",
            invitation=member.invitation.key.hex() if member else "",
            reason=reason.name if reason else "",
        )

    def _state(self, peer: str) -> str:
        peers, elapsed = self._fleet.peers, self._clock.elapsed()
        return "copied" if peers.copied(peer, elapsed) else peers.state(peer, elapsed)

    def _lead(self, repository: str) -> Leading:
        standing, me = self._standing(repository), self._fleet.me.peer
        order = list(standing.order)
        runners = [self._runner(peer, rank) for rank, peer in enumerate(order)]
        others = [peer for peer in (me, *self._fleet.peers.everybody()) if peer not in order]
        runners += [Runner(peer=p, rank=None, wait=0.0, reason=self._why_not(p, repository)) for p in sorted(others)]
        mine = self._why_not(me, repository) if standing.reason else ""
        return Leading(repository=repository, leader=order[0] if order else "", reason=mine, runners=runners)

    def _runner(self, peer: str, rank: int) -> Runner:
        acts = rank < RANKS
        wait = wait_for(rank, self._takeover()) if acts else 0.0
        return Runner(peer=peer, rank=rank if acts else None, wait=wait, reason="" if acts else Reason.NOT_ELECTED.name)

    def _why_not(self, peer: str, repository: str) -> str:
        """Why a node is no candidate: the first thing that keeps it from being one."""
        if peer == self._fleet.me.peer:
            reason = self._standing(repository).reason
            return _of(self._trouble(), repository) or (reason.name if reason else "")
        banned, seen = self._fleet.why_not(peer), self._fleet.peers.get(peer)
        state = self._state(peer)
        if banned or seen is None or state != "here":
            return banned.name if banned else state
        refused = _of(seen.presence.refused, repository)
        if refused or seen.presence.settled:
            return refused or Reason.NO_ROUTE.name
        return Reason.NOT_SETTLED.name

    def _elsewhere(self) -> set[str]:
        presences = [seen.presence for peer in self._fleet.peers.everybody() if (seen := self._fleet.peers.get(peer))]
        return {name for each in presences for name in (*each.candidate, *each.refused)}


def _of(by_repository: Mapping[str, str], repository: str) -> str:
    """Names of repositories are compared without regard to case."""
    return next((value for name, value in by_repository.items() if name.lower() == repository.lower()), "")
