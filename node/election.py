"""Whose turn it is to file for a repository, and the wait until it is ours.

The rules are `aggregator/election.py`; here are the clock and the waiting. A lower rank that makes progress (the book
hears of claims and issues) is left at work: the wait starts again with each fact that comes from others.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import trio

from aggregator.book import Fact, FactKey
from aggregator.election import Progress, rank_of, ranked, wait_for
from aggregator.fleet import Fleet
from aggregator.reason import Reason
from aggregator.settling import Settling
from node.clock import Clock


class Standing(NamedTuple):
    """Who files for a repository, as this node sees it."""

    repository: str
    order: list[str]  # peer ids of the candidates, first in rank first
    rank: int | None  # of this node
    reason: Reason | None  # why this node is no candidate


class Election:
    """`may_file`: why this node by itself is no candidate for a repository, or None."""

    def __init__(
        self,
        fleet: Fleet,
        settling: Settling,
        clock: Clock,
        takeover: float,
        may_file: Callable[[str], Reason | None],
    ) -> None:
        self._fleet, self._settling, self._clock = fleet, settling, clock
        self._takeover, self._may_file = takeover, may_file
        self._progress = Progress()

    @property
    def settled(self) -> bool:
        return self._settling.settled(self._clock.elapsed())

    def entered(self, facts: Iterable[tuple[FactKey, Fact]]) -> None:
        """What the book learnt."""
        self._progress.entered(facts, self._clock.elapsed())

    def standing(self, repository: str) -> Standing:
        """The order of candidates now."""
        me, keeping, elapsed = self._fleet.me.peer, self._fleet.keeping, self._clock.elapsed()
        reason = self._may_file(repository)
        if reason is None and self._fleet.copied(elapsed):
            reason = Reason.COPIED
        if reason is None and not keeping.keeps(repository):
            reason = Reason.NOT_A_KEEPER
        if reason is None and not (self.settled and keeping.settled(repository, elapsed)):
            reason = Reason.NOT_SETTLED
        others = self._fleet.peers.candidates(repository, elapsed)
        if keeping.spread:  # only who has all counts may decide
            others = [peer for peer in others if peer in keeping.keepers.of(repository.lower())]
        candidates = others if reason else [me, *others]
        return Standing(repository, ranked(repository, candidates), rank_of(me, repository, candidates), reason)

    async def wait_turn(self, repository: str, began: float) -> int | Reason:
        """This node's rank, when it may act; or why it does not. Ranks above 0 wait, from `began` (elapsed time)."""
        standing = self.standing(repository)
        if standing.reason is not None:
            return standing.reason
        if standing.rank is None:
            return Reason.NOT_ELECTED
        await self._silence(repository, began, wait_for(standing.rank, self._takeover))
        return standing.rank

    async def _silence(self, repository: str, began: float, seconds: float) -> None:
        """Return when for so long nobody has made progress."""
        while (left := self._progress.left(repository, began, seconds, self._clock.elapsed())) > 0:  # noqa: ASYNC110  # time itself sets no event
            await trio.sleep(left)
