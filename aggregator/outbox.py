"""What this node has to tell, in the order in which it tells it, cut into messages.

Facts about filing first (they keep others from working for nothing), then rulings, then presence, then pages in the
order in which they first changed. A page that changes again before it was told keeps its place and is told once: so a
storm costs as many messages as one error. The outbox holds keys, not copies; it cannot outgrow the pages themselves.
When a message is taken it counts as told: if it gets lost, sync brings it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from aggregator.book import Fact, FactKey, Ruling
from aggregator.message import MESSAGE_BYTES, BookMessage, Message, PageMessage, Presence, encode
from aggregator.page import Page, PageKey

T = TypeVar("T")

LATER = 0.001  # seconds between two presences of one moment
ROOM = MESSAGE_BYTES - 256  # bytes for content in one message


class Outbox:
    """`page_of`: the present, signed version of an own page; None where there is none any more."""

    def __init__(self, page_of: Callable[[PageKey], Page | None]) -> None:
        self._page_of = page_of
        self._pages: dict[PageKey, None] = {}
        self._facts: dict[FactKey, Fact] = {}
        self._rulings: dict[tuple[str, str], Ruling] = {}
        self._presence: Presence | None = None
        self._shown = 0.0  # the moment of the last presence

    def __len__(self) -> int:
        return len(self._pages) + len(self._facts) + len(self._rulings) + (self._presence is not None)

    def changed(self, keys: Iterable[PageKey]) -> None:
        """Own pages changed."""
        for key in keys:
            self._pages.setdefault(key)

    def entered(self, facts: Sequence[tuple[FactKey, Fact]], rulings: Sequence[Ruling]) -> None:
        """Own entries of the book."""
        self._facts.update(facts)
        self._rulings.update({(r.kind, r.subject): r for r in rulings})

    def told(self, facts: Sequence[tuple[FactKey, Fact]], rulings: Sequence[Ruling]) -> None:
        """Another node has told all of this: what waits here with the same words need not be said again."""
        for key, fact in facts:
            if self._facts.get(key) == fact:
                del self._facts[key]
        for ruling in rulings:
            if self._rulings.get((ruling.kind, ruling.subject)) == ruling:
                del self._rulings[ruling.kind, ruling.subject]

    def present(self, presence: Presence) -> None:
        """The latest presence replaces one that was not told yet.

        Its moment grows, also where the clock was set back: the others would take it for an old one, and this node for
        one that is away until its clock is where it was.
        """
        self._shown = max(presence.at, self._shown + LATER)
        self._presence = msgspec.structs.replace(presence, at=self._shown)

    def take(self) -> bytes | None:
        """The next message; None when there is nothing to tell."""
        message = self._book() or self._take_presence() or self._take_pages()
        return encode(message) if message else None

    def _book(self) -> Message | None:
        facts, size = _within(list(self._facts.items()), ROOM)
        rulings, _ = _within(list(self._rulings.values()), ROOM - size)
        for key, _ in facts:
            del self._facts[key]
        for ruling in rulings:
            del self._rulings[ruling.kind, ruling.subject]
        return BookMessage(facts, rulings) if facts or rulings else None

    def _take_presence(self) -> Message | None:
        presence, self._presence = self._presence, None
        return presence

    def _take_pages(self) -> Message | None:
        """As many pages as fit; one that fits no message at all is left to sync."""
        pages: list[Page] = []
        room = ROOM
        for key in list(self._pages):
            page = self._page_of(key)
            size = len(msgspec.msgpack.encode(page)) if page else 0
            if pages and size > room:
                break
            del self._pages[key]
            if page and size <= ROOM:
                pages.append(page)
                room -= size
        return PageMessage(pages) if pages else None


def _within(items: list[T], room: int) -> tuple[list[T], int]:
    """The first of `items` that fit into `room` bytes, and their size."""
    taken: list[T] = []
    size = 0
    for item in items:
        more = len(msgspec.msgpack.encode(item))
        if size + more > room:
            break
        taken.append(item)
        size += more
    return taken, size
