"""What two neighbours say to each other when they compare: questions, answers, and how much fits into one.

`answering.py` says what is answered, `sync.py` what is asked.
"""

from typing import NamedTuple

import msgspec

from aggregator.book import Book, Fact, FactKey, Ruling
from aggregator.digest import Digest, Version
from aggregator.ledger import Ledger
from aggregator.page import Origin, Page, PageKey

ANSWER_BYTES = 200 * 1024  # of pages or entries in one answer
LISTED = 4_096  # items of any list in a question or an answer
FETCHED = 64  # pages asked for at once: what one answer holds
FAR = 2**62  # seconds; beyond every window


class Compare(msgspec.Struct, frozen=True, tag="compare"):
    """Sums over the windows from `horizon` to `open_from`, and from there on."""

    horizon: int
    open_from: int
    closed: bytes
    open: bytes
    book: bytes


class Origins(msgspec.Struct, frozen=True, tag="origins", omit_defaults=True):
    windows: list[int]
    after: Origin | None = None  # of the first of them: only the origins behind this one


class Versions(msgspec.Struct, frozen=True, tag="versions"):
    of: list[tuple[int, Origin]]


class Fetch(msgspec.Struct, frozen=True, tag="fetch"):
    keys: list[PageKey]


class FetchBook(msgspec.Struct, frozen=True, tag="fetch-book"):
    sums: list[bytes]
    start: int = 0  # where to begin, another number each time: what one answer had no room for, a later one brings


Question = Compare | Origins | Versions | Fetch | FetchBook


class Compared(msgspec.Struct, frozen=True, tag="compared"):
    horizon: int
    windows: list[tuple[int, bytes]] = []  # empty when no page differs; pairs: not every language has maps by number
    book: bool = False  # whether the books differ
    same: bool = False  # whether the other side has all pages that were compared, and no others
    settled: bool | msgspec.UnsetType = msgspec.UNSET  # said among keepers: whether the other side has all that any has


class OriginSums(msgspec.Struct, frozen=True, tag="origin-sums"):
    """Window by window as they were asked for, in each by origin: who got `LISTED` of them asks for what follows."""

    sums: list[tuple[int, Origin, bytes]]


class VersionList(msgspec.Struct, frozen=True, tag="version-list"):
    """In the order of the question: who got `LISTED` of them asks again from the last origin on."""

    versions: list[Version]


class Pages(msgspec.Struct, frozen=True, tag="pages"):
    pages: list[Page]


class BookEntries(msgspec.Struct, frozen=True, tag="book-entries"):
    facts: list[tuple[FactKey, Fact]] = []
    rulings: list[Ruling] = []
    more: bool = False  # there was no room for all


Answer = Compared | OriginSums | VersionList | Pages | BookEntries


class BadAnswer(ValueError):
    """The other side answered something else than was asked."""


class Has(NamedTuple):
    """What one node compares, asks and answers from."""

    ledger: Ledger
    digest: Digest
    book: Book
    settled: bool = False  # on a shelf: whether that is all that any keeper has


def as_bytes(total: int) -> bytes:
    """A sum as it is said: 32 bytes."""
    return total.to_bytes(32)
