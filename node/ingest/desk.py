"""Where records become a batch, and batches become counts.

One batch is on its way to the disk while the next one grows, so batches grow by themselves with the load: a lone record
is committed at once, a storm a few hundred times a second. A batch is bounded; when the growing one is full, nobody
reads from a socket until the other is settled (`wait_room`), and the senders wait in turn.

When a commit fails, everything since the last one that succeeded is refused, the growing batch too: a later number of a
session must never be settled before an earlier one. Senders keep what was not acknowledged.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog
import trio

from aggregator.history import DAY
from aggregator.page import Origin
from aggregator.record import BadRecord, decode, encode
from aggregator.sample import redacted
from aggregator.tally import Seen
from node.clock import Clock
from node.ingest.batch import Batch, Waiter
from node.ingest.repeats import Naming, Repeat, Repeats
from node.ingest.sampling import Chosen, Sampler
from node.ingest.sessions import Sessions
from node.ingest.wire import Sent
from node.store import Store, StoreError
from node.store.samples import Sample

log = structlog.get_logger("ingest")

SHARE = 3  # redacting samples that wait takes at most one part in so many of the time


class Counting(Protocol):
    """Who counts. See `node.tally`."""

    origin: Origin

    async def count(self, seen: Sequence[Seen], marks: Mapping[bytes, int], kept: Sequence[Sample], /) -> None: ...

    async def keep(self, kept: Sequence[Sample], /) -> None: ...


class Desk:
    """Takes records, commits batches, tells the senders. `run` it."""

    def __init__(
        self, counting: Counting, store: Store, naming: Naming, clock: Clock, memory: float, service_default: str = ""
    ) -> None:
        self.batch = Batch(1)
        self.sessions = Sessions(store)
        self.sampler = Sampler(peer=counting.origin.peer)
        self.repeats = Repeats(naming, self.sampler, service_default)
        self.now = clock.now()  # when what is being read was received
        self.batches = 0
        self.kept = 0  # records that are on disk
        self.lost = 0  # records that were taken, and could not be stored; who can sends them again
        self.failures = 0
        self._counting = counting
        self._clock = clock
        self._memory = memory  # seconds back to which a record's own time is believed
        self._oldest = 0.0
        self._flying: Batch | None = None
        self._changed = trio.Event()
        self._settled = trio.Event()

    @property
    def node(self) -> str:
        """The peer id."""
        return self._counting.origin.peer

    def begin(self) -> None:
        """Read the clock; call it before each round of `take`."""
        self.now = self._clock.now()
        self._oldest = self.now - self._memory
        self.sampler.begin(int(self.now // DAY))

    def take(self, sent: Sent, frame: memoryview, json: bool, sender: dict[str, Any]) -> Repeat:
        """Count one record in the growing batch. Raises `BadRecord`: then it is not counted."""
        repeat = self.repeats.find(sent, frame, json)
        batch = self.batch
        at = sent.time
        if type(at) is not float or not self._oldest <= at <= self.now:
            at = min(max(sent.seconds(self.now), self._oldest), self.now)
        if repeat.batch == batch.number:
            repeat.count += sent.count
            if at > repeat.last:
                repeat.last = at
            elif at < repeat.first:
                repeat.first = at
        else:
            repeat.batch = batch.number
            repeat.count = sent.count
            repeat.first = repeat.last = at
            batch.repeats.append(repeat)
        draw = repeat.draw
        draw.passed += 1
        if draw.passed >= draw.due:
            self._choose(repeat, frame, json, sender)
        return repeat

    def wake(self) -> None:
        """The growing batch has something in it."""
        self._changed.set()

    async def wait_room(self) -> None:
        """Return when the growing batch takes more."""
        while self.batch.full():
            await self._settled.wait()

    async def drain(self) -> None:
        """Return when all that was taken is settled."""
        while self._flying or self.batch.replies or self.batch.repeats:
            await self._settled.wait()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Commit batches until cancelled; `drain` first."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_samples)
            task_status.started()
            while True:
                await self._changed.wait()
                self._changed = trio.Event()
                while self.batch.replies or self.batch.repeats:
                    await self._commit_one()

    async def _commit_one(self) -> None:
        batch, self.batch = self.batch, Batch(self.batch.number + 1)
        self._flying = batch
        try:
            if batch.repeats or batch.sessions:
                kept = [sample for sample in map(self._sample, batch.take_chosen()) if sample]
                await self._counting.count(batch.seen(), batch.marks(), kept)
        except StoreError as error:
            self._fail(batch, error)
        else:
            self._settle(batch)
        finally:
            self._flying = None
            settled, self._settled = self._settled, trio.Event()
            settled.set()

    def _settle(self, batch: Batch) -> None:
        self.batches += 1
        self.kept += batch.records
        for session, following in batch.sessions.items():
            self.sessions.settle(session, following)
        for waiter, reply in batch.replies.items():
            waiter.settled(reply)

    def _fail(self, batch: Batch, error: StoreError) -> None:
        self.failures += 1
        self.lost += batch.records + self.batch.records
        log.error("not counted", reason=str(error), records=batch.records + self.batch.records)
        grown, self.batch = self.batch, Batch(self.batch.number + 1)
        self.sampler.reset()
        waiters: dict[Waiter, None] = dict.fromkeys((*batch.replies, *grown.replies))
        for session in (*batch.sessions, *grown.sessions):
            self.sessions.take_back(session)
        for waiter in waiters:
            waiter.failed("storage")

    def _choose(self, repeat: Repeat, frame: memoryview, json: bool, sender: dict[str, Any]) -> None:
        chosen = self.sampler.choose(repeat.draw, frame, json, sender)
        self.sampler.keep(repeat.draw, chosen, self.batch.chosen)

    def _sample(self, chosen: Chosen) -> Sample | None:
        """The record without its secrets; None of one that is only good enough to be counted."""
        try:
            data = encode(redacted(decode(chosen.frame, json=chosen.json), chosen.sender))
        except BadRecord as error:
            log.info("no sample", reason=str(error), signature=chosen.signature)
            return None
        except Exception as error:  # a border: what one record says must not end the counting of all others
            log.error("no sample", reason=type(error).__name__, signature=chosen.signature)
            return None
        return Sample(self._counting.origin, chosen.signature, chosen.day, chosen.slot, chosen.id, data)

    async def _keep_samples(self) -> None:
        """Work off the samples that wait, beside the counting."""
        while True:
            await self._settled.wait()
            while self.sampler.waiting:
                await self._keep_next()

    async def _keep_next(self) -> None:
        began = time.perf_counter()
        chosen = self.sampler.waiting.first()
        sample = self._sample(chosen)
        await trio.sleep((time.perf_counter() - began) * (SHARE - 1))
        if chosen not in self.sampler.waiting:
            return  # a later one took its place meanwhile, and may be on disk already
        try:
            if sample:
                await self._counting.keep([sample])
        except StoreError as error:
            log.error("sample not kept", reason=str(error))
        if chosen in self.sampler.waiting:
            self.sampler.waiting.discard(chosen)
