"""Every 15 minutes: what became due is written to the book, and what is due is filed.

Ticks are aligned to whole multiples of the interval, so that all nodes of a fleet tick together. Between two ticks
there is a further run only where an outcome asks for it (a claim whose takeover age ends, a limit that GitHub named).

What becomes due is latched even when nothing may be filed: filing off, paused, no token, GitHub away. It then waits,
with that reason.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import msgspec
import structlog
import trio

from aggregator.agenda import Knowledge, next_run
from aggregator.docket import Docket, Tick
from aggregator.due import Policy
from aggregator.filing.case import Case, Outcome
from aggregator.filing.run import Run
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from aggregator.rulings import canonical
from node.book import BookKeeper
from node.clock import Clock
from node.store import StoreError

LONGEST_SLEEP = 30.0  # seconds
CREATED = frozenset({Reason.CREATED, Reason.LINKED})
UPDATED = frozenset({Reason.UPDATED, Reason.REOPENED, Reason.COMMENTED})
AT_ONCE = 3  # repositories filed to at a time: their writes take turns, and none may wait long for its own
AFTER_TICK = 0.05  # seconds: a tick must not come a moment before its time by rounding

log = structlog.get_logger("bundle")

File = Callable[[Run, Settings], Awaitable[list[Outcome]]]


class Terms(Protocol):
    """What the configuration, the token and the fleet say about filing now; asked anew for each run."""

    @property
    def policy(self) -> Policy: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def interval(self) -> float: ...

    @property
    def delay(self) -> float:
        """Seconds after a tick until this node bundles: what was counted before the tick is known by then."""
        ...

    async def turn(self, repository: str, began: float) -> int | Reason:
        """This node's rank for `repository`, when its turn has come; else why it does not file there.

        `began`: elapsed time when this run began; higher ranks wait from then on.
        """
        ...


class Bundled(msgspec.Struct, frozen=True):
    """What one run did."""

    at: float  # Unix seconds
    unique: int = 0  # roots that occurred within the lookback
    meeting_threshold: int = 0  # of these: due or filed
    outcomes: tuple[Outcome, ...] = ()
    calls: int = 0  # to GitHub, while it ran

    @property
    def created(self) -> int:
        return sum(each.reason in CREATED for each in self.outcomes)

    @property
    def updated(self) -> int:
        return sum(each.reason in UPDATED for each in self.outcomes)

    @property
    def existing_checked(self) -> int:
        return sum(bool(each.number) and each.reason not in CREATED for each in self.outcomes)


class Bundler:
    """The ticks of this node. `run` for ever, `now` at once."""

    def __init__(
        self, known: Knowledge, keeper: BookKeeper, file: File, terms: Terms, clock: Clock, nonce: Callable[[], str]
    ) -> None:
        self.last: Bundled | None = None
        self.listener: Callable[[tuple[Outcome, ...]], None] = lambda outcomes: None
        self.calls: Callable[[], int] = lambda: 0  # made to GitHub since the start
        self._known, self._keeper, self._file, self._terms = known, keeper, file, terms
        self._clock, self._nonce = clock, nonce
        self._docket = Docket(known)
        self._turn = trio.Lock()
        self._filing = trio.CapacityLimiter(AT_ONCE)

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """By root: what became of it last."""
        return self._docket.outcomes

    async def run(self) -> None:
        """Tick until cancelled. A tick that fails is logged, and what it had to do is done by the next."""
        at = next_run((), self._clock.now(), self._terms.interval)
        while True:
            await self._wait_until(at + self._terms.delay)
            outcomes: Sequence[Outcome] = ()
            try:
                outcomes = (await self.now()).outcomes
            except StoreError as error:
                log.error("bundle failed", reason=str(error), remedy="it is repeated at the next tick")
            at = next_run(outcomes, self._clock.now(), self._terms.interval)

    async def now(self) -> Bundled:
        """Run once. Raises `StoreError`."""
        async with self._turn:
            calls = self.calls()
            tick = self._docket.take(self._clock.now(), self._terms.policy, self._terms.settings.caps.day, self._nonce)
            try:
                await self._latch(tick)
                outcomes = await self._file_all(tick)
            except BaseException:
                self._docket.back(tick)
                raise
            self._docket.close(tick, outcomes)
            self.last = self._summary(tick.now, outcomes, self.calls() - calls)
            self.listener(self.last.outcomes)
            log.info("bundle", **_counts(self.last))
            return self.last

    async def _latch(self, tick: Tick) -> None:
        for latch in self._docket.latches(tick, self._terms.settings.node):
            await self._keeper.merge([(latch.key, latch.fact)], latch.rulings)
        self._docket.judged(tick)

    async def _file_all(self, tick: Tick) -> list[Outcome]:
        """Each repository in its own turn: one that has to wait, or has much to file, holds up no other."""
        began, done, failed = self._clock.elapsed(), dict[str, list[Outcome]](), list[StoreError]()

        async def one(repository: str, some: list[Case]) -> None:
            try:
                done[repository] = await self._file_one(tick, repository, some, began)
            except StoreError as error:
                failed.append(error)

        async with trio.open_nursery() as nursery:
            for repository, some in self._docket.work(tick).items():
                nursery.start_soon(one, repository, some)
        if failed:
            raise failed[0]
        return [outcome for _, outcomes in sorted(done.items()) for outcome in outcomes]

    async def _file_one(self, tick: Tick, repository: str, some: list[Case], began: float) -> list[Outcome]:
        turn = await self._terms.turn(repository, began)
        if isinstance(turn, Reason):
            return self._docket.not_mine(repository, some, turn)
        async with self._filing:
            mine = self._docket.mine(tick, repository, some, turn)
            if mine is None:
                return []
            job = Run(repository, tuple(mine), partial(canonical, self._known.book), tick.now)
            return await self._file(job, self._terms.settings)

    def _summary(self, moment: float, outcomes: list[Outcome], calls: int) -> Bundled:
        roots = {canonical(self._known.book, root) for root in self._known.ledger.roots()}
        meeting = {key.root for key, _ in self._known.book.facts()} & roots
        return Bundled(moment, len(roots), len(meeting), tuple(outcomes), calls)

    async def _wait_until(self, moment: float) -> None:
        """Sleep in short steps, so that a clock that was set is noticed; set back, it makes nobody wait longer."""
        end = self._clock.elapsed() + moment - self._clock.now()
        while (left := min(moment - self._clock.now(), end - self._clock.elapsed())) > 0:  # noqa: ASYNC110  # time sets no event
            await trio.sleep(min(left + AFTER_TICK, LONGEST_SLEEP))


def _counts(done: Bundled) -> dict[str, int | str]:
    """For the log. Reasons are values and never keys: a key that names a token would have its number redacted."""
    reasons = Counter(each.reason.name for each in done.outcomes)
    return {
        "unique": done.unique,
        "meeting_threshold": done.meeting_threshold,
        "created": done.created,
        "updated": done.updated,
        "existing_checked": done.existing_checked,
        "calls": done.calls,
        "outcomes": ", ".join(f"{count} {name}" for name, count in reasons.most_common()),
    }
