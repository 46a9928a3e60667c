"""All pages that this node keeps, its own and others', and what they add up to.

The count of each signature is kept as pages come, change and go, never by a scan: a page that replaces another takes
the old one's tallies out and puts its own in, where they differ. Everything else about a signature (first and last
seen, nodes, services) is summed from its own tallies when somebody asks.

What counts begins at `since`, which follows the clock, ahead and back. Pages are kept for longer, down to the horizon,
which never goes back: a clock that was wrong for a while and is put right finds all that is in its lookback again. What
lies between is `aged`: kept, compared with neighbours, and known to the history, but not counted.

What falls below the horizon leaves as `Folded` counts, for the local history; a page below the horizon is never taken,
so what was folded is not counted again.

Of one peer at most so many runs count in a window, the same on every node (`runs.py`). So a page that comes may find no
place, or take the place of others: these leave as if they had never come, and are named to whoever keeps the store.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aggregator.index import Index
from aggregator.page import Page, PageKey, newer
from aggregator.runs import Runs
from aggregator.tally import Tally, Total


class Folded(NamedTuple):
    """What a signature had in a window that has left the lookback."""

    signature: str
    window: int
    tally: Tally
    peer: str


class Ledger:
    """Pages by key, tallies by signature, counts by signature. Not a copy of the store: the store is a copy of it."""

    def __init__(self, horizon: int = 0) -> None:
        self.horizon = self.since = horizon
        self.aged = Index()  # of the pages that are kept and have left the lookback
        self._counted = Index()
        self._pages: dict[PageKey, tuple[Page, list[Tally]]] = {}
        self._displaced: list[PageKey] = []
        self.runs = Runs()

    def put(self, page: Page, tallies: list[Tally]) -> bool:
        """Merge one page, already checked. Returns whether anything changed."""
        if page.key.window < self.horizon:
            return False
        old = self._pages.get(page.key)
        if not newer(page, old[0] if old else None):
            return False
        if self.runs.beyond(page.key.origin, page.key.window):
            self._displaced.append(page.key)
            return False
        self._pages[page.key] = page, tallies
        self._index_of(page.key).replace(page.key, old[1] if old else [], tallies)
        displaced = self.runs.add(page.key)
        self.drop(displaced)
        self._displaced += displaced
        return True

    def expire(self, horizon: int, since: int = 0) -> list[Folded]:
        """Raise the horizon and let go of what is below it. The horizon never goes back; from where on is counted, may.

        `since`: the first window of the lookback, if pages are kept for longer than that.
        """
        self.horizon = max(horizon, self.horizon)
        self._count_from(max(since, self.horizon))
        gone = [key for key in self._pages if key.window < self.horizon]
        folded: list[Folded] = []
        for key in gone:
            _, tallies = self._pages.pop(key)
            self._index_of(key).remove(key, tallies)
            self.runs.remove(key)
            folded += [Folded(t.signature, key.window, t, key.origin.peer) for t in tallies]
        return folded

    def drop(self, keys: Iterable[PageKey]) -> None:
        """Let go of these pages as if they had never come: nothing of them is folded."""
        for key in keys:
            entry = self._pages.pop(key, None)
            if entry:
                self._index_of(key).remove(key, entry[1])
                self.runs.remove(key)

    def take_displaced(self) -> list[PageKey]:
        """The pages that found no place, or lost it, since this was last called: the store need not keep them."""
        displaced, self._displaced = self._displaced, []
        return [key for key in displaced if key not in self._pages]

    def take_changed(self) -> set[str]:
        """The signatures that changed since this was last called."""
        return self._counted.take_changed() | self.aged.take_changed()

    def count(self, signature: str) -> int:
        """Occurrences within the lookback."""
        return self._counted.count(signature)

    def total(self, signatures: Iterable[str]) -> Total | None:
        """The sum over one or several signatures; None when nothing of them is in the lookback."""
        return self._counted.total(signatures)

    def roots_of_kin(self, kin: str) -> set[str]:
        """The roots whose signatures share type and place."""
        return self._counted.roots_of_kin(kin)

    def tallies(self, signature: str) -> dict[PageKey, Tally]:
        """The tallies of one signature within the lookback; not to be changed."""
        return self._counted.tallies(signature)

    def pages_about(self, roots: Iterable[str]) -> set[PageKey]:
        """The keys of all pages that say something of one of these roots, be they in the lookback or aged."""
        both = self._counted, self.aged
        return {key for root in roots for i in both for s in i.said_of(root) for key in i.tallies(s)}

    def page(self, key: PageKey) -> Page | None:
        entry = self._pages.get(key)
        return entry[0] if entry else None

    def tallies_of(self, key: PageKey) -> list[Tally]:
        """What a page says; nothing where it is not kept."""
        entry = self._pages.get(key)
        return entry[1] if entry else []

    def pages(self) -> Iterator[Page]:
        return (page for page, _ in self._pages.values())

    def signatures(self) -> Iterable[str]:
        return self._counted.signatures()

    def roots(self) -> Iterable[str]:
        return self._counted.roots()

    def roots_with(self, signatures: Iterable[str]) -> set[str]:
        """The roots of those of these signatures that are still counted."""
        return {self._counted.root_of(s) for s in signatures if s in self._counted}

    def names(self) -> int:
        """How much is kept about roots, kin and former names: at most three for each tally."""
        return self._counted.pairs() + self.aged.pairs()

    def root_of(self, signature: str) -> str:
        """The root of a signature that is counted, the same on every node."""
        return self._counted.root_of(signature)

    def signatures_of(self, root: str) -> set[str]:
        """The signatures that have this root."""
        return self._counted.signatures_of(root)

    @property
    def former(self) -> dict[str, str]:
        """By root that is counted: its name under an earlier version of the signature."""
        return self._counted.former

    def __contains__(self, signature: str) -> bool:
        return signature in self._counted

    def _index_of(self, key: PageKey) -> Index:
        return self._counted if key.window >= self.since else self.aged

    def _count_from(self, since: int) -> None:
        """What leaves the lookback, or is in it again."""
        low, high = sorted((self.since, since))
        crossing = [key for key in self._pages if low <= key.window < high]
        for key in crossing:
            self._index_of(key).remove(key, self._pages[key][1])
        self.since = since
        for key in crossing:
            self._index_of(key).replace(key, [], self._pages[key][1])
