"""The book of this node: what is pending and filed, and what was ruled, in memory as it is on disk.

Every change is committed first and taken over then, one at a time; who listens (gossip) hears of it after that.

What an earlier version wrote may be what all others refuse today, and two books that differ in it would never agree. So
what is read back passes the same gate as what comes from others. What does not is put aside: it stays in the database
and does not count, until another entry takes its place.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import structlog
import trio

from aggregator.book import OTHER_KINDS, ROOM, Book, Fact, FactKey, Ruling, join, sound_fact
from aggregator.entries import why_not_kept
from aggregator.reason import Reason
from aggregator.roster import Roster
from aggregator.unreadable import UNREADABLE
from node.clock import Clock
from node.store import Operation, Store, audit, book, intents

FACT, RULING = "fact", "ruling"

Seal = Callable[[Ruling], Ruling]
Listener = Callable[[Sequence[tuple[FactKey, Fact]], Sequence[Ruling]], None]


ASIDE = "make the ruling again if it is still meant (aggregator ban, mute, …); who is a member shows its own chain"
BOOK_REMEDY = (
    "find who made so many (aggregator peers), and ban it; what is ruled can still be changed, and what is closed be "
    "reopened by hand"
)


log = structlog.get_logger("book")


class BookFull(Exception):
    """There is no room for a ruling; the text says of which kind, and what to do."""


class BookKeeper:
    """The only one who changes the book. Use `open_book`. `roster`: of the fleet, where there is one."""

    def __init__(self, store: Store, peer: str, clock: Clock, roster: Roster | None = None) -> None:
        self.book = Book()
        self.roster = roster
        self.aside: Counter[str] = Counter()  # entries that were read and do not count, by name of the reason
        self.listener: Listener = lambda facts, rulings: None
        self._store, self._peer, self._clock = store, peer, clock
        self._turn = trio.Lock()

    async def load(self) -> None:
        """Read back what the store has. Raises `StoreError`."""
        rows = await self._store.read(lambda db: list(book.every(db)))
        for kind, subject, value in rows:
            reason = self._put_back(kind, value)
            if reason is not None:
                self.aside[reason.name] += 1
                about = " ".join(subject.split("\n"))[:100]
                log.warning("put aside", place="state.db", what=f"{kind} {about}", reason=reason.value, remedy=ASIDE)

    def _put_back(self, kind: str, value: bytes) -> Reason | None:
        """Why an entry does not count; None: it does, or is none of the book's."""
        try:
            if kind == FACT:
                key, fact = msgspec.msgpack.decode(value, type=tuple[FactKey, Fact])
                if not sound_fact(key, fact):
                    return Reason.BAD_MESSAGE
                self.book.put_fact(key, fact)
            elif kind == RULING:
                ruling = msgspec.msgpack.decode(value, type=Ruling)
                reason = why_not_kept(ruling, self.roster)
                if reason is not None:
                    return reason
                self.book.put_ruling(ruling, own=True)
        except UNREADABLE:
            return Reason.BAD_MESSAGE
        return None

    async def note(self, key: FactKey, fact: Fact) -> None:
        """Put a fact into the book. Raises `StoreError`: then it is not in it."""
        await self.merge([(key, fact)], [])

    async def rule(self, kind: str, subject: str, value: Any) -> None:
        """Make a ruling that overrules all this node has seen. Raises `StoreError` and `BookFull`."""
        async with self._turn:
            self._require_room([(kind, subject)])
            await self._put([], [self.book.rule(kind, subject, value, self._peer)], own=True)

    async def decide(
        self, action: str, subject: str, rulings: Sequence[tuple[str, str, Any]], seal: Seal = lambda ruling: ruling
    ) -> None:
        """Rulings by an operator, with their entry in the audit log. Raises `StoreError` and `BookFull`."""
        async with self._turn:
            self._require_room((kind, about) for kind, about, _ in rulings)
            made = [seal(self.book.rule(kind, about, value, self._peer)) for kind, about, value in rulings]
            detail = {"rulings": rulings}
            entry = audit.append(self._clock.now(), self._peer, action, subject, detail)
            await self._put([], made, [entry], own=True)

    async def merge(self, facts: Sequence[tuple[FactKey, Fact]], rulings: Sequence[Ruling]) -> None:
        """Take over entries, this node's own or another's, which were checked. Raises `StoreError`."""
        async with self._turn:
            await self._put(facts, rulings)

    async def intend(self, subject: str, value: Any) -> None:
        """Commit what this process is about to do. Raises `StoreError`."""
        await self._store.commit([intents.put(subject, self._clock.now(), value)])

    async def _put(
        self,
        facts: Sequence[tuple[FactKey, Fact]],
        rulings: Sequence[Ruling],
        also: Sequence[Operation] = (),
        *,
        own: bool = False,
    ) -> None:
        merged = [(key, self._joined(key, fact)) for key, fact in facts]
        fresh = [(key, fact) for key, fact in merged if fact != self.book.fact(key)]
        newer = self.book.taken(rulings, own=own)
        if not fresh and not newer and not also:
            return
        put = [book.put(FACT, "\n".join(map(str, key)), (key, fact)) for key, fact in fresh]
        put += [book.put(RULING, f"{r.kind}\n{r.subject}", r) for r in newer]
        await self._store.commit([*put, *also])
        for key, fact in fresh:
            self.book.put_fact(key, fact)
        for ruling in newer:
            self.book.put_ruling(ruling, own=own)
        self.listener(fresh, newer)

    def _require_room(self, about: Iterable[tuple[str, str]]) -> None:
        for kind, subject in about:
            if not self.book.has_room(kind, subject, own=True):
                raise BookFull(
                    f"{kind} {subject}: the book of the fleet has {ROOM.get(kind, OTHER_KINDS)} rulings of this kind, "
                    f"which is all it has room for: {BOOK_REMEDY}"
                )

    def _joined(self, key: FactKey, fact: Fact) -> Fact:
        return join(self.book.fact(key) or fact, fact)


async def open_book(store: Store, peer: str, clock: Clock, roster: Roster | None = None) -> BookKeeper:
    """The book in `store`. `roster`: of the fleet, where there is one. Raises `StoreError`."""
    keeper = BookKeeper(store, peer, clock, roster)
    await keeper.load()
    return keeper
