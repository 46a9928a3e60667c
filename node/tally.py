"""Counts of this node: staged, committed, and only then taken over, so that memory never runs ahead of the disk.

`count` makes one transaction of everything that belongs together: the pages that changed, how far each session is
settled, and samples. When it returns, that is on disk and counted; when it raises, none of it happened and the same
records may be counted again. One batch is at work at a time; who brings the next waits for it.

At start everything is read back from the store, so the ledger is a copy of it. What leaves the lookback is folded into
the history in the transaction that removes its pages.
"""

import secrets
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path

import structlog

from aggregator.author import Author
from aggregator.history import DAY, DayKey, History
from aggregator.ledger import Ledger
from aggregator.page import RUN_CHARS, BadPage, Origin, Page, PageKey, newer, read_body
from aggregator.tally import Seen, Tally, Total
from aggregator.window import horizon_at, kept, squeezed_horizon
from node.clock import Clock
from node.config.local import Retention
from node.store import Operation, Store, history, pages, samples, sessions
from node.store.samples import Sample
from node.turn import Turn

log = structlog.get_logger("tally")

Listener = Callable[[Sequence[PageKey]], None]


class Counting:
    """The author of this run, the ledger and the history of this node. Use `open_counting`."""

    def __init__(self, store: Store, origin: Origin, length: int, lookback: float, clock: Clock) -> None:
        self.origin = origin
        self.ledger = Ledger()
        self.history = History(self.ledger.aged)
        self.listener: Listener = lambda keys: None  # hears of own pages that changed, once that is committed
        self.sample_listener: Callable[[Sequence[Sample]], None] = lambda kept: None  # hears of samples, once committed
        self.squeezed = 0  # windows that are not kept because the database is too large
        self.oldest_alone: Callable[[], int | None] = lambda: None  # window of own pages that nobody else has
        self._store = store
        self._author = Author(origin, length)
        self._length = length
        self._lookback = lookback
        self._clock = clock
        self._turn = Turn()
        self._to_fold: dict[tuple[str, int], tuple[DayKey, str, Total]] = {}
        self._to_remove: dict[PageKey, None] = {}

    async def count(self, seen: Sequence[Seen], marks: Mapping[bytes, int], kept: Sequence[Sample]) -> None:
        """Count `seen` and settle each session up to its mark. Raises `StoreError`: then nothing of it was done."""
        async with self._turn:
            now = self._clock.now()
            # A window below the horizon would be counted by nobody, whatever the clock says now.
            staged = self._author.stage(seen, max(now, self.ledger.horizon), self.known, self.ledger.runs)
            await self._store.commit(
                [pages.put([page for page, _ in staged.pages]), sessions.put(marks, now), samples.put(kept)]
            )
            self._author.accept(staged)
            for page, tallies in staged.pages:
                self.ledger.put(page, tallies)
            self.listener([page.key for page, _ in staged.pages])
            self.sample_listener(kept)

    async def keep(self, kept: Sequence[Sample]) -> None:
        """Keep samples of what was counted before. Raises `StoreError`."""
        await self._store.commit([samples.put(kept)])
        self.sample_listener(kept)

    async def merge(self, others: Sequence[tuple[Page, list[Tally]]]) -> int:
        """Take over pages of other nodes, which were checked. Returns how many changed something."""
        async with self._turn:
            best = {page.key: (page, tallies) for page, tallies in sorted(others, key=lambda each: each[0].rank())}
            fresh = [(page, tallies) for page, tallies in best.values() if self._wants(page)]
            if fresh:
                await self._store.commit([pages.put([page for page, _ in fresh])])
            return sum(self.ledger.put(page, tallies) for page, tallies in fresh)

    async def disown(self, keys: Sequence[PageKey]) -> None:
        """Let go of pages of others that should not have been taken. Raises `StoreError`: then they are still here."""
        async with self._turn:
            await self._store.commit([pages.remove(keys)])
            self.ledger.drop(keys)

    def _wants(self, page: Page) -> bool:
        return page.key.window >= self.ledger.horizon and newer(page, self.ledger.page(page.key))

    def known(self, signature: str) -> bool:
        """Whether it was seen before, in the lookback or in the days that are remembered."""
        return signature in self.ledger or self.history.total((signature,)) is not None

    async def expire(self, now: float, retention: Retention, waiting: Container[str] = ()) -> None:
        """Fold what left the lookback and forget what is too old. Raises `StoreError`: then it is done next time.

        What is known of roots that are `waiting` to be filed is kept however old it is: their issue will say it.
        """
        async with self._turn:
            await self._squeeze(now, retention.size)
            self._fold(now, squeezed_horizon(now, self._lookback, self._length, self.squeezed, self.oldest_alone()))
            forget = self.history.expire(now, waiting)
            await self._store.commit([*self._folding(), history.remove(forget), *_forgetting(now, retention)])
            self._to_fold.clear()
            self._to_remove.clear()
        await self._store.compact()

    async def load(self, now: float) -> None:
        """Read back what the store has. Raises `StoreError`."""
        rows = await self._store.read(lambda db: list(history.every(db)))
        for key, root, total in rows:
            self.history.put(key, root, total)
        read = await self._store.read(lambda db: [_read(page) for page in pages.every(db)])
        for page, tallies in filter(None, read):
            self.ledger.put(page, tallies)
        self._fold(now, horizon_at(now, kept(self._lookback), self._length))
        log.info("counts read", pages=len(read), signatures=len(list(self.ledger.signatures())), days=len(rows))

    def _fold(self, now: float, horizon: int) -> None:
        """In memory at once, so that nothing is folded twice; on disk with the next commit that succeeds."""
        self._to_remove.update({p.key: None for p in self.ledger.pages() if p.key.window < horizon})
        for row in self.history.fold(self.ledger.expire(horizon, horizon_at(now, self._lookback, self._length))):
            self._to_fold[row[0]] = row

    def _folding(self) -> list[Operation]:
        self._to_remove.update(dict.fromkeys(self.ledger.take_displaced()))
        gone = [key for key in self._to_remove if self.ledger.page(key) is None]
        return [history.put(list(self._to_fold.values())), pages.remove(gone)]

    async def _squeeze(self, now: float, most: int) -> None:
        """Keep fewer windows while the database is too large, one at a time: at last the lookback is shorter."""
        size = await self._store.size()
        windows = int(kept(self._lookback) // self._length)
        if size > most and self.squeezed < windows - 1:
            self.squeezed += 1
            log.warning(
                "fewer windows are kept",
                reason="retention.size is reached; what no other node has is kept all the same",
                bytes=size,
                windows=self.squeezed,
            )
        elif size < most * 3 // 4 and self.squeezed:
            self.squeezed -= 1  # the horizon itself never goes back; the next windows stay longer


async def open_counting(store: Store, peer: str, length: int, lookback: float, clock: Clock) -> Counting:
    """The counts in `store`, with an origin that is new: no counter of an earlier run is ever continued."""
    origin = Origin(peer, secrets.token_hex(RUN_CHARS // 2))
    counting = Counting(store, origin, length, lookback, clock)
    await counting.load(clock.now())
    return counting


def _forgetting(now: float, retention: Retention) -> list[Operation]:
    oldest = int((now - retention.samples) // DAY)
    return [samples.remove_before(oldest), sessions.remove_unused(now - retention.sessions)]


def _read(page: Page) -> tuple[Page, list[Tally]] | None:
    try:
        return page, read_body(page.body)
    except BadPage as error:
        log.error("page left out", place=str(Path("state.db")), reason=str(error), page=str(page.key))
        return None
