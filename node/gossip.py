"""Speed: what changed here is told to all, what others tell is taken in.

Telling is bounded by one token bucket for all kinds of message (`aggregator/pace.py`); what changes while there is no
token changes in its place in the outbox, which cannot outgrow the pages. Hearing never waits for the disk with the
network's queue: messages are taken one after the other, and when this node is too slow the network drops and counts
them. Nothing is lost by that but time: sync brings what gossip did not.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec
import structlog
import trio

from aggregator.arrivals import Incoming
from aggregator.book import Fact, FactKey, Ruling
from aggregator.fleet import Fleet
from aggregator.message import Presence
from aggregator.pace import INTERVAL, Pace
from aggregator.page import Page, PageKey
from aggregator.presence import period
from aggregator.tally import Tally
from node.clock import Clock
from node.store import StoreError

FLUSH = 0.25  # seconds from a change until it is told: what changes again in that time is told once
LOOK = 0.5  # seconds between two looks at what this node would say of itself
LAST_MESSAGES = 8  # at the end: what the book had to tell comes before the goodbye, what was counted last after it
GOODBYE = 1.0  # seconds that a node which ends may take to say so

log = structlog.get_logger("gossip")

Take = Callable[[Incoming], Awaitable[None]]


class Network(Protocol):
    @property
    def messages(self) -> trio.MemoryReceiveChannel[tuple[str, bytes]]: ...

    async def publish(self, data: bytes) -> None: ...

    async def flush(self) -> None:
        """Return when what was published has left this node."""
        ...


class Counts(Protocol):
    """Where pages are merged and committed."""

    async def merge(self, others: Sequence[tuple[Page, list[Tally]]]) -> int: ...


class Entries(Protocol):
    """Where the book is merged and committed."""

    async def merge(self, facts: Sequence[tuple[FactKey, Fact]], rulings: Sequence[Ruling]) -> None: ...


class Intake:
    """The one way in for what others say, by gossip or by sync: commit it, then pass it on."""

    def __init__(self, fleet: Fleet, counts: Counts, entries: Entries) -> None:
        self.refused: Counter[str] = Counter()
        self._fleet, self._counts, self._entries = fleet, counts, entries

    async def take(self, incoming: Incoming) -> None:
        """Raises `StoreError`: then it was not taken, and sync will bring it again."""
        for each in incoming.refused:
            self.refused[each.reason.name] += 1
            if self.refused[each.reason.name] == 1:
                log.warning("refused", reason=each.reason.value, what=each.text)
        if incoming.pages:
            await self._counts.merge(incoming.pages)
        if incoming.facts or incoming.rulings:
            await self._entries.merge(incoming.facts, incoming.rulings)
        self._fleet.took(incoming)


class Gossip:
    """Tells and hears. `present` makes this node's presence."""

    def __init__(
        self, fleet: Fleet, network: Network, intake: Intake, pace: Pace, clock: Clock, present: Callable[[], Presence]
    ) -> None:
        self.sent = self.heard = self.heard_pages = self.bytes_sent = 0
        self._fleet, self._network, self._intake = fleet, network, intake
        self._pace, self._clock, self._present = pace, clock, present
        self._news = trio.Event()
        self._draw = random.Random()  # noqa: S311  # jitter is no secret

    def wrote(self, keys: Sequence[PageKey]) -> None:
        """Own pages changed."""
        self._fleet.wrote(keys)
        self._news.set()

    def entered(self, facts: Sequence[tuple[FactKey, Fact]], rulings: Sequence[Ruling]) -> None:
        """The book changed."""
        self._fleet.outbox.entered(facts, rulings)
        self._news.set()

    async def run(self) -> None:
        """Until cancelled; then one last message says that this node leaves."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._tell)
                nursery.start_soon(self._hear)
                nursery.start_soon(self._show)
        finally:
            with trio.move_on_after(GOODBYE, shield=True):
                await self._leave()

    async def _tell(self) -> None:
        while True:
            await trio.sleep(FLUSH * self._draw.uniform(0.8, 1.2))
            self._news = trio.Event()
            self._fleet.flush()
            while len(self._fleet.outbox) and self._pace.take(self._clock.elapsed()):
                await self._send()
            self._pace.adapt(self._clock.elapsed(), self._draw.random())
            if not len(self._fleet.outbox):
                with trio.move_on_after(INTERVAL):
                    await self._news.wait()
                    self._pace.wake(self._clock.elapsed(), self._nodes(), self._draw.random())

    async def _send(self) -> None:
        data = self._fleet.outbox.take()
        if data is not None:
            await self._network.publish(data)
            self._pace.hear()
            self.sent += 1
            self.bytes_sent += len(data)

    async def _hear(self) -> None:
        async for peer, data in self._network.messages:
            if peer == self._fleet.me.peer:
                continue
            self.heard += 1
            self._pace.hear()
            if self._pace.much:
                self._pace.adapt(self._clock.elapsed(), self._draw.random())
            incoming = self._fleet.heard(peer, data, self._clock.now(), self._clock.elapsed())
            try:
                await self._intake.take(incoming)
                self.heard_pages += len(incoming.pages)
                self._fleet.outbox.told(incoming.facts, incoming.rulings)
            except StoreError as error:
                log.error("not taken", reason=str(error), remedy="sync brings it again")

    async def _show(self) -> None:
        """Every period; and soon after something changed in it, or whoever settles would wait a period to stand."""
        shown, again = self._present(), 0.0
        while True:
            mine, elapsed = self._present(), self._clock.elapsed()
            if elapsed >= again or msgspec.structs.replace(mine, at=shown.at) != shown:
                self._fleet.outbox.present(mine)
                self._news.set()
                shown, again = mine, elapsed + period(self._nodes()) * self._draw.uniform(0.8, 1.2)
            await trio.sleep(LOOK * self._draw.uniform(0.8, 1.2))

    def _nodes(self) -> int:
        """How many are there, this one included."""
        return len(self._fleet.peers.here(self._clock.elapsed())) + 1

    async def _leave(self) -> None:
        """Say first what was counted last: it would otherwise be missing until this node is back."""
        self._fleet.flush()
        self._fleet.outbox.present(leaving(self._present()))
        for _ in range(LAST_MESSAGES):
            await self._send()
        await self._network.flush()


def leaving(presence: Presence) -> Presence:
    """The same presence, saying goodbye."""
    return Presence(
        run=presence.run, at=presence.at + 0.001, version=presence.version, settled=presence.settled, leaving=True
    )
