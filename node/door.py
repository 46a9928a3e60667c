"""Who is let into the fleet here, and how this node itself came to be let in.

A node that has an invitation shows it to the first member that it meets. If the invitation has not expired by the clock
of that member and has uses left by its book, the member signs that it let the node in, enters that into its book, and
only then answers with the chain: so a restart forgets nobody, and one member alone lets in as many as the invitation
says. The node keeps its chain in its fleet file and shows it from now on, with the path to the fleet's key, which
convinces also those who have never heard of its voucher. A node whose inviter is away is let in by any other member.
"""

from collections.abc import Awaitable, Callable, Iterable

import msgspec
import structlog

from aggregator.accept import Refusal
from aggregator.book import Ruling
from aggregator.entries import introduction
from aggregator.fleet import Fleet
from aggregator.member import Member, read_chain
from aggregator.reason import Reason
from node.clock import Clock

log = structlog.get_logger("door")


class Door:
    """`member`: this node's own chain, let in or not. `enter`: into the book. `keep`: writes the own chain down."""

    def __init__(
        self,
        fleet: Fleet,
        member: Member,
        clock: Clock,
        enter: Callable[[Iterable[Ruling]], Awaitable[None]],
        keep: Callable[[Member], Awaitable[None]],
    ) -> None:
        self.member = fleet.roster.let_in(member) or member
        self._fleet, self._clock, self._enter, self._keep = fleet, clock, enter, keep

    def chain(self) -> bytes:
        """What this node shows of itself."""
        return msgspec.msgpack.encode(self.member)

    def path(self) -> list[bytes]:
        """The chains of those who let each other in, from this node's voucher to the fleet's key."""
        return [msgspec.msgpack.encode(each) for each in self._fleet.roster.path(self._fleet.me.peer)[1:]]

    async def show(self) -> None:
        """Enter this node's own chain into the book, so that everybody comes to know it. Raises `StoreError`."""
        if self.member.signature:
            await self._enter_all([self.member])

    async def welcome(self, peer: str, chain: bytes, path: list[bytes]) -> Member | Refusal:
        """The chain of a member that introduces itself, let in now if need be. Raises `StoreError`."""
        shown = read_chain(chain)
        if shown is not None and shown.peer != peer:
            return Refusal(Reason.FORGED, "it showed the chain of another node")
        found = self._fleet.welcome(chain, path)
        if isinstance(found, Refusal) and found.reason is Reason.NOT_LET_IN and shown is not None:
            found = self._fleet.let_in(shown, self._clock.now())
        if isinstance(found, Refusal):
            if self._fleet.why_not(peer) is not None:
                return found
            found = self._fleet.roster.member(peer) or found  # another invitation has let it in
        if isinstance(found, Member):
            await self._enter_all([found, *self._fleet.roster.path(peer)])
        return found

    async def learn(self, chain: bytes) -> None:
        """A member says that it has let this node in. Raises `StoreError`."""
        mine = self._fleet.welcome(chain) if chain and not self.member.signature else None
        if isinstance(mine, Member) and mine.admission == self.member.admission:
            self.member = mine
            log.info("let in", by=mine.voucher)
            await self._enter_all([mine])
            await self._keep(mine)

    async def _enter_all(self, members: Iterable[Member]) -> None:
        news = [introduction(each) for each in dict.fromkeys(members) if self._fleet.is_news(each)]
        if news:
            await self._enter(news)
