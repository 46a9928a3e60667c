"""What two nodes compare to find what one of them lacks.

Every page version has a mark: a hash of its key and content, as a number. A sum of marks, modulo 2^256, stands for a
set of versions, and changes by one subtraction and one addition when a page does. (Not an exclusive or: an attacker
who can choose pages can make those cancel.) Nodes first compare two sums, over the open windows and over the closed
ones, then windows, then origins, then versions, and descend only where they differ.

Only windows above both horizons are compared. What lies below is neither asked for nor given.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from aggregator.page import Origin, Page, PageKey

MODULUS = 2**256


class Version(NamedTuple):
    """Which version of a page somebody has."""

    key: PageKey
    sequence: int
    hash: bytes  # the second half of the page's rank


def version_of(page: Page) -> Version:
    return Version(page.key, *page.rank())


def mark(version: Version) -> int:
    """The number that stands for one version of one page."""
    return int.from_bytes(hashlib.sha256(msgspec.msgpack.encode(version)).digest())


class Digest:
    """All signed pages that are kept, and sums over their versions by window and origin.

    The pages of this node stand here as they were last signed; in the ledger they may be further.
    """

    def __init__(self) -> None:
        self._pages: dict[int, dict[Origin, dict[int, Page]]] = {}
        self._sums: dict[int, dict[Origin, int]] = {}
        self._windows: dict[int, int] = {}

    def put(self, page: Page) -> None:
        """A signed page came or changed."""
        window, origin = page.key.window, page.key.origin
        pages = self._pages.setdefault(window, {}).setdefault(origin, {})
        old = pages.get(page.key.number)
        pages[page.key.number] = page
        change = mark(version_of(page)) - (mark(version_of(old)) if old else 0)
        sums = self._sums.setdefault(window, {})
        sums[origin] = (sums.get(origin, 0) + change) % MODULUS
        self._windows[window] = (self._windows.get(window, 0) + change) % MODULUS

    def remove(self, key: PageKey) -> None:
        """A page is not kept any more."""
        pages = self._pages.get(key.window, {}).get(key.origin, {})
        old = pages.pop(key.number, None)
        if old is None:
            return
        change = mark(version_of(old))
        sums = self._sums[key.window]
        sums[key.origin] = (sums[key.origin] - change) % MODULUS
        self._windows[key.window] = (self._windows[key.window] - change) % MODULUS
        if not pages:
            del self._pages[key.window][key.origin], sums[key.origin]

    def __iter__(self) -> Iterator[PageKey]:
        """The keys of all pages."""
        for origins in self._pages.values():
            for pages in origins.values():
                yield from (page.key for page in pages.values())

    def drop(self, horizon: int) -> None:
        """Forget every window below `horizon`."""
        for window in [w for w in self._pages if w < horizon]:
            del self._pages[window], self._sums[window], self._windows[window]

    def total(self, lowest: int, highest: int) -> int:
        """The sum over the windows from `lowest` up to, not including, `highest`."""
        return sum(s for window, s in self._windows.items() if lowest <= window < highest) % MODULUS

    def windows(self, lowest: int) -> dict[int, int]:
        """The sum of each window from `lowest` on."""
        return {window: s for window, s in self._windows.items() if window >= lowest}

    def origins(self, window: int) -> Mapping[Origin, int]:
        return self._sums.get(window, {})

    def versions(self, window: int, origin: Origin) -> Iterator[Version]:
        return (version_of(page) for page in self._pages.get(window, {}).get(origin, {}).values())

    def page(self, key: PageKey) -> Page | None:
        return self._pages.get(key.window, {}).get(key.origin, {}).get(key.number)
