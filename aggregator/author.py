"""The pages that this run of this node writes.

Two steps, so that memory never runs ahead of the disk: `stage` says what the pages would become and changes nothing;
when that is committed, `accept` makes it so. A batch whose commit failed is simply forgotten.

A signature keeps its page for the window. An origin has room for 8,192 signatures a window. So that a flood of new ones
cannot hide an old or a grave one, the last quarter takes only critical or already known signatures, and no named
service takes more than half of what is free to it. What finds no room is still counted: in one overflow tally per
service, which is shown and never filed. A run that has no place in its window (`runs.py`) counts in the next that has.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from aggregator import limits
from aggregator.page import FULL_BYTES, PAGES, TALLIES, Origin, Page, PageKey, write_body
from aggregator.runs import Runs, first_with_room
from aggregator.tally import NAME_BYTES, OTHER, Seen, Tally, add, clip, start
from aggregator.window import window_at

OVERFLOW_PAGE = PAGES - 1
LAST = OVERFLOW_PAGE - 1
CAPACITY = OVERFLOW_PAGE * TALLIES
OPEN_TO_ALL = CAPACITY * 3 // 4
CRITICAL = limits.SEVERITIES.index("critical")
OVERFLOW = "o1-"


class Staged(NamedTuple):
    """What a batch makes of the pages: to be committed, then accepted."""

    window: int
    pages: list[tuple[Page, list[Tally]]]


class Author:
    """The writer of one origin's pages. One batch is staged at a time."""

    def __init__(self, origin: Origin, length: int) -> None:
        self.origin = origin
        self._length = length
        self._window = 0
        self._pages: dict[int, _Draft] = {}
        self._where: dict[str, int] = {}
        self._services: dict[str, int] = {}

    def stage(
        self, batch: Iterable[Seen], now: float, known: Callable[[str], bool], runs: Runs | None = None
    ) -> Staged:
        """What `batch`, received at `now`, makes of the pages. `known`: whether a signature was seen before; `runs`:
        those that count in each window, as far as this node knows."""
        window = max(window_at(now, self._length), self._window)  # a clock that steps back opens no old window
        window = first_with_room(runs, self.origin, window, self._length) if runs else window
        base = self if window == self._window else Author(self.origin, self._length)
        desk = _Desk(base, window)
        for seen in batch:
            desk.put(seen, known)
        return Staged(window, desk.pages())

    def accept(self, staged: Staged) -> None:
        """Take over what was staged; it is on disk now."""
        if staged.window != self._window:
            self._window = staged.window
            self._pages, self._where, self._services = {}, {}, {}
        for page, tallies in staged.pages:
            self._pages[page.key.number] = _Draft({t.signature: t for t in tallies}, page.sequence, len(page.body))
            for tally in tallies:
                if tally.signature not in self._where:
                    self._where[tally.signature] = page.key.number
                    for service in tally.services:
                        self._services[service] = self._services.get(service, 0) + 1


class _Draft(NamedTuple):
    tallies: dict[str, Tally]
    sequence: int
    size: int


class _Desk:
    """One batch at work: reads the author's pages, changes only copies."""

    def __init__(self, author: Author, window: int) -> None:
        self._origin = author.origin
        self._window = window
        self._old = author._pages  # pyright: ignore[reportPrivateUsage]  # the two halves of one mechanism
        self._where = author._where  # pyright: ignore[reportPrivateUsage]
        self._services = dict(author._services)  # pyright: ignore[reportPrivateUsage]
        self._new_where: dict[str, int] = {}
        self._new: dict[int, dict[str, Tally]] = {}
        self._sizes = {number: draft.size for number, draft in self._old.items()}

    def put(self, seen: Seen, known: Callable[[str], bool]) -> None:
        number = self._number_of(seen.signature)
        if number is None and not self._has_room(seen, known):
            seen = self._overflow(seen)
            number = self._number_of(seen.signature)
        if number is None:
            number = self._give_page(seen)
        tallies = self._tallies(number)
        before = tallies.get(seen.signature)
        tallies[seen.signature] = start(seen) if before is None else add(before, seen)

    def pages(self) -> list[tuple[Page, list[Tally]]]:
        return [self._page(number, list(tallies.values())) for number, tallies in sorted(self._new.items())]

    def _page(self, number: int, tallies: list[Tally]) -> tuple[Page, list[Tally]]:
        sequence = self._old[number].sequence + 1 if number in self._old else 1
        return Page(PageKey(self._origin, self._window, number), sequence, write_body(tallies)), tallies

    def _number_of(self, signature: str) -> int | None:
        number = self._where.get(signature)
        return self._new_where.get(signature) if number is None else number

    def _tallies(self, number: int) -> dict[str, Tally]:
        if number not in self._new:
            old = self._old.get(number)
            self._new[number] = dict(old.tallies) if old else {}
        return self._new[number]

    def _has_room(self, seen: Seen, known: Callable[[str], bool]) -> bool:
        used = len(self._where) + len(self._new_where)
        if self._open_page() > LAST:
            return False
        if seen.severity == CRITICAL or known(seen.signature):
            return used < CAPACITY
        if used >= OPEN_TO_ALL:
            return False
        mine = self._services.get(clip(seen.service, NAME_BYTES), 0)
        return not seen.service or mine <= OPEN_TO_ALL - used

    def _overflow(self, seen: Seen) -> Seen:
        """One tally per service while the overflow page has room, then one for all further services."""
        named = overflow(seen)
        if self._number_of(named.signature) is not None or len(self._tallies(OVERFLOW_PAGE)) < TALLIES - 1:
            return named
        return overflow(msgspec.structs.replace(seen, service=OTHER))

    def _give_page(self, seen: Seen) -> int:
        number = OVERFLOW_PAGE if seen.signature.startswith(OVERFLOW) else self._open_page()
        service = clip(seen.service, NAME_BYTES)
        self._services[service] = self._services.get(service, 0) + 1
        self._new_where[seen.signature] = number
        self._sizes[number] = self._sizes.get(number, 0) + len(msgspec.msgpack.encode(start(seen)))
        return number

    def _open_page(self) -> int:
        """The number of the page that takes the next new signature; beyond `LAST` when all are full."""
        number = max((n for n in self._sizes if n <= LAST), default=0)
        tallies = self._new.get(number) or (self._old[number].tallies if number in self._old else {})
        full = len(tallies) >= TALLIES or self._sizes.get(number, 0) >= FULL_BYTES
        return number + 1 if full else number


def overflow(seen: Seen) -> Seen:
    """The same occurrences under the name of their service's overflow."""
    service = clip(seen.service, NAME_BYTES)
    name = OVERFLOW + hashlib.sha256(service.encode()).hexdigest()[:32]
    title = f"Overflow: more signatures than a window holds, in {service or 'no named service'}"
    return msgspec.structs.replace(seen, signature=name, root=name, title=title, kin="", samples=())
