"""Everything that speaks to GitHub, put together: access, filer, candidacy, and the terms on which it files.

Whom the token speaks for is asked only when there is something to file: a node that may not file makes no call at all.
"""

import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
import trio

from aggregator.agenda import Knowledge
from aggregator.book import Fact, FactKey
from aggregator.filing.calls import Rejected
from aggregator.filing.case import Outcome
from aggregator.filing.claim import Claim
from aggregator.reason import Reason
from aggregator.record import BadRecord, ErrorRecord, decode
from node.access import Access
from node.book import BookFull, BookKeeper
from node.bundle import Bundler
from node.candidacy import Candidacy
from node.clock import Clock
from node.config import ConfigError, Loaded
from node.control.done import Reloaded
from node.filing import Filer
from node.store import Store
from node.store.samples import find
from node.terms import Terms

log = structlog.get_logger("outward")


@dataclass
class Outward:
    terms: Terms
    bundler: Bundler
    memory: "Memory"
    access: Access
    candidacy: Candidacy
    listener: Callable[[tuple[Outcome, ...]], None] = lambda _outcomes: None
    came: Counter[str] = field(default_factory=Counter[str])  # outcomes of filing since the start, by name of reason

    def learn(self, outcomes: tuple[Outcome, ...]) -> None:
        """Take note of what a run of filing came to."""
        self.came.update(each.reason.name for each in outcomes)
        self.candidacy.learn(outcomes)
        self.listener(outcomes)

    async def reload(self) -> Reloaded:
        """Take over configuration and token as they are now. Raises `ConfigError`; then all stays as it was."""
        async with self._turn:
            try:
                reloaded = self.terms.reload()
            except ConfigError as error:
                log.error("the old configuration stays", reason=str(error), asked=True)
                raise
            exchanged = await self.access.connect(self.terms.loaded.config)
            self.candidacy.look_again()
        for warning in self.terms.loaded.warnings:
            log.warning("configuration", reason=warning)
        source = self.access.source
        log.info("reloaded", changed=reloaded.changed, restart=reloaded.restart, source=source, exchanged=exchanged)
        return msgspec.structs.replace(reloaded, token=source, exchanged=exchanged)

    def __post_init__(self) -> None:
        self._turn = trio.Lock()  # so that the later of two is the one that stays


async def open_outward(
    loaded: Loaded,
    environment: Mapping[str, str],
    marker_key: bytes,
    known: Knowledge,
    keeper: BookKeeper,
    store: Store,
    clock: Clock,
    peer: str,
) -> Outward:
    """Find the token and put the parts together. Makes no call."""
    access = Access(environment, clock)
    await access.connect(loaded.config)
    terms = Terms(loaded, environment, peer, marker_key, access)
    memory = Memory(keeper, store)
    filer = Filer(lambda: access.github, memory, clock)
    bundler = Bundler(known, keeper, filer.run, terms, clock, lambda: secrets.token_hex(16))
    candidacy = Candidacy(lambda: access.github, terms)
    outward = Outward(terms, bundler, memory, access, candidacy)
    bundler.listener, bundler.calls = outward.learn, access.calls
    return outward


async def nowhere(_samples: tuple[str, ...]) -> ErrorRecord | None:
    """The samples of other nodes, where there are none."""
    return None


class Memory:
    """What the filing procedure remembers: in the book, and in the store."""

    def __init__(self, keeper: BookKeeper, store: Store) -> None:
        self.elsewhere: Callable[[tuple[str, ...]], Awaitable[ErrorRecord | None]] = nowhere
        self._keeper, self._store = keeper, store
        self._full: set[str] = set()  # kinds of rulings for which there was no room

    async def read_sample(self, samples: tuple[str, ...]) -> ErrorRecord | None:
        """The first that is here and can be read, else from another node."""
        for each in samples:
            row = await self._store.read(lambda db, each=each: find(db, each))
            try:
                if row is not None:
                    return decode(row)
            except BadRecord as error:
                log.warning("a sample cannot be read", reason=str(error))
        return await self.elsewhere(samples)

    async def intend(self, claim: Claim) -> None:
        await self._keeper.intend(f"{claim.repository}\n{claim.root}", claim)

    async def note(self, key: FactKey, fact: Fact) -> None:
        await self._keeper.note(key, fact)

    async def rule(self, kind: str, subject: str, value: Any) -> None:
        try:
            await self._keeper.rule(kind, subject, value)
        except BookFull as error:
            if kind not in self._full:  # said once; `status` and `doctor` show it as long as it is so
                self._full.add(kind)
                log.error("not ruled", reason=str(error))
            raise Rejected(Reason.BOOK_FULL, str(error)) from error
