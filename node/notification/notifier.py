"""Gathers what is news, and sends it: at once, then at most one notification each `notify.interval`.

While one is on its way the next is gathered, in a queue of 50 events; what finds no room is counted and said (see
`aggregator/notification/waiting.py`). What was told is committed before it is sent, so that a restart does not tell it
again. A notification that does not arrive is logged, counted and gone.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import msgspec
import structlog
import trio

from aggregator.agenda import Knowledge
from aggregator.due import Policy, repository_of
from aggregator.filing.case import Outcome
from aggregator.moment import rfc3339
from aggregator.notification.compose import of_newcomer, of_news, of_test
from aggregator.notification.event import Event, Notification, notification
from aggregator.notification.latch import Latch, Row
from aggregator.notification.newcomers import Newcomer, Newcomers
from aggregator.notification.outcomes import Outcomes
from aggregator.notification.waiting import Waiting
from aggregator.page import Origin
from aggregator.redact import redact_command
from node.clock import Clock
from node.config import Loaded
from node.control.state import Delivery, Notified
from node.notification.courier import Courier
from node.policy import issue_address
from node.store import Store, StoreError, meta

LOOK = 2.0  # seconds between two looks for what is new
KEPT = "told"  # name of what was told, in the store

log = structlog.get_logger("notify")


class Fleet(Protocol):
    """Which node tells; see `aggregator/notification/voice.py`."""

    @property
    def name(self) -> str: ...

    @property
    def settled(self) -> bool: ...

    def speaks_of_new(self, root: str, repository: str, origins: frozenset[str]) -> bool: ...

    def speaks_of_trouble(self, repository: str, reason: str) -> bool: ...


class Alone:
    """A node without a fleet tells everything."""

    name = ""
    settled = True

    def speaks_of_new(self, root: str, repository: str, origins: frozenset[str]) -> bool:
        return True

    def speaks_of_trouble(self, repository: str, reason: str) -> bool:
        return True


class Terms(Protocol):
    """As they are now."""

    @property
    def loaded(self) -> Loaded: ...

    @property
    def policy(self) -> Policy: ...


@dataclass(frozen=True)
class Parts:
    """What the notifier is given."""

    origin: Origin  # of this run
    length: int  # of a window, in seconds
    known: Knowledge
    terms: Terms
    store: Store
    clock: Clock
    fleet: Fleet


class Notifier:
    """Use `run`; tell it of every run of filing by `learn`."""

    def __init__(self, parts: Parts, courier: Courier) -> None:
        self.events: Counter[str] = Counter()  # that were to be told, by kind
        self.waiting = Waiting()
        self.courier = courier
        self._parts = parts
        self._latch = Latch()
        self._outcomes = Outcomes(self._latch)
        self._newcomers = Newcomers(parts.known, parts.length, parts.origin)
        self._wake = trio.Event()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look, gather and send until cancelled; started when what is known by then is no news any more."""
        await self._load()
        sent = -float("inf")
        self._isolated(self._look)
        task_status.started()
        while True:
            self._isolated(self._look)
            if len(self.waiting) and trio.current_time() >= sent + self._parts.terms.loaded.config.notify.interval:
                await self._send()
                sent = trio.current_time()
            self._wake = trio.Event()
            with trio.move_on_after(LOOK):
                await self._wake.wait()

    def learn(self, outcomes: tuple[Outcome, ...]) -> None:
        """Take note of what a run of filing came to."""
        self._isolated(partial(self._learn, outcomes))
        self._wake.set()

    def _isolated(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # a border: what fails here must not keep the node from counting and filing
            log.error("news could not be told", reason=f"{type(error).__name__}: {error}", exc_info=True)

    def _learn(self, outcomes: tuple[Outcome, ...]) -> None:
        now = self._parts.clock.now()
        news = self._outcomes.take(outcomes, now)
        for each in news if self.courier.targets else ():
            self._put(of_news(each, self._parts.known, now, self._address))

    async def test(self) -> list[Delivery]:
        """Send a notification that says that it is a test, to all targets, now."""
        return await self.courier.send(self._made([of_test(self._parts.clock.now())], 0))

    def state(self) -> Notified:
        targets, counts = self.courier.targets, self.courier.counts
        command = " ".join(redact_command(targets.command))  # an argument may be a secret
        named = {"command": command, "webhook": targets.source if targets.webhook else ""}
        return Notified(
            targets={name: what for name, what in named.items() if what},
            events=list(self._parts.terms.loaded.config.notify.events),
            sent=sum(count for (_, outcome), count in counts.items() if outcome == "sent"),
            failed=sum(count for (_, outcome), count in counts.items() if outcome == "failed"),
            waiting=len(self.waiting),
            dropped=self.waiting.dropped,
            last=self.courier.last,
            trouble=targets.trouble,
        )

    def _look(self) -> None:
        if not self.courier.targets:
            self._newcomers.forget()
            return
        now, fleet = self._parts.clock.now(), self._parts.fleet
        for new in self._newcomers.take(now, fleet.settled):
            self._newcomer(new, now)
        for key, news in self._outcomes.ripe(now):
            if fleet.speaks_of_trouble(news.outcome.repository, news.outcome.reason.name):
                self._put(of_news(news, self._parts.known, now, self._address))
            self._outcomes.told(key, now)  # by this node or another

    def _newcomer(self, new: Newcomer, now: float) -> None:
        known = self._parts.known
        total = known.ledger.total(known.ledger.signatures_of(new.root))
        repository = repository_of(new.root, total, known.book, self._parts.terms.policy)
        if self._parts.fleet.speaks_of_new(new.root, repository, new.origins):
            self._put(of_newcomer(new, known, repository, now))

    def _put(self, event: Event) -> None:
        if event.kind in self._parts.terms.loaded.config.notify.events:
            self.events[event.kind] += 1
            self.waiting.put(event)

    def _address(self, repository: str, number: int) -> str:
        return issue_address(self._parts.terms.loaded.config, repository, number)

    async def _load(self) -> None:
        try:
            rows = await self._parts.store.read(lambda db: meta.get(db, KEPT))
            self._latch.restore(msgspec.convert(rows or [], list[Row]))
        except (StoreError, msgspec.ValidationError) as error:
            log.error("what was told is not known any more, and may be told again", reason=str(error))

    async def _send(self) -> None:
        if self._latch.changed:
            try:
                await self._parts.store.commit([meta.put(KEPT, self._latch.keep(self._parts.clock.now()))])
            except StoreError as error:
                log.error("what is told cannot be kept: a restart may tell it again", reason=str(error))
        await self.courier.send(self._made(*self.waiting.take()))

    def _made(self, events: list[Event], omitted: int) -> Notification:
        parts = self._parts
        return notification(events, omitted, parts.origin.peer, parts.fleet.name, rfc3339(parts.clock.now()))
