"""All pages that this node keeps, its own and others', and what they add up to.

The count of each signature is kept as pages come, change and go, never by a scan: a page that replaces another takes
the old one's tallies out and puts its own in, where they differ. Everything else about a signature (first and last
seen, nodes, services) is summed from its own tallies when somebody asks.

What falls below the horizon leaves as `Folded` counts, for the local history; a page below the horizon is never taken,
so what was folded is not counted again.

Of one peer at most so many runs count in a window, the same on every node (`runs.py`). So a page that comes may find no
place, or take the place of others: these leave as if they had never come, and are named to whoever keeps the store.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aggregator.page import Page, PageKey, newer
from aggregator.runs import Runs
from aggregator.tally import Tally, Total, former_root, total


class Folded(NamedTuple):
    """What a signature had in a window that has left the lookback."""

    signature: str
    window: int
    tally: Tally
    peer: str


class Ledger:
    """Pages by key, tallies by signature, counts by signature. Not a copy of the store: the store is a copy of it."""

    def __init__(self, horizon: int = 0) -> None:
        self.horizon = horizon
        self._pages: dict[PageKey, tuple[Page, list[Tally]]] = {}
        self._tallies: dict[str, dict[PageKey, Tally]] = {}
        self._counts: dict[str, int] = {}
        self._roots: dict[str, set[str]] = {}
        self._kin: dict[str, set[str]] = {}
        self._changed: set[str] = set()
        self._displaced: list[PageKey] = []
        self.runs = Runs()
        self.former: dict[str, str] = {}  # by root that is kept: its name under an earlier version of the signature

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
        before = {tally.signature: tally for tally in old[1]} if old else {}
        for tally in tallies:
            self._replace(page.key, before.pop(tally.signature, None), tally)
        self._remove(page.key, before.values())
        displaced = self.runs.add(page.key)
        self.drop(displaced)
        self._displaced += displaced
        return True

    def expire(self, horizon: int) -> list[Folded]:
        """Raise the horizon and let go of what is below it. The horizon never goes back."""
        self.horizon = max(horizon, self.horizon)
        gone = [key for key in self._pages if key.window < self.horizon]
        folded: list[Folded] = []
        for key in gone:
            _, tallies = self._pages.pop(key)
            self._remove(key, tallies)
            self.runs.remove(key)
            folded += [Folded(t.signature, key.window, t, key.origin.peer) for t in tallies]
        return folded

    def drop(self, keys: Iterable[PageKey]) -> None:
        """Let go of these pages as if they had never come: nothing of them is folded."""
        for key in keys:
            entry = self._pages.pop(key, None)
            if entry:
                self._remove(key, entry[1])
                self.runs.remove(key)

    def take_displaced(self) -> list[PageKey]:
        """The pages that found no place, or lost it, since this was last called: the store need not keep them."""
        displaced, self._displaced = self._displaced, []
        return [key for key in displaced if key not in self._pages]

    def take_changed(self) -> set[str]:
        """The signatures that changed since this was last called."""
        changed, self._changed = self._changed, set()
        return changed

    def count(self, signature: str) -> int:
        """Occurrences within the lookback."""
        return self._counts.get(signature, 0)

    def total(self, signatures: Iterable[str]) -> Total | None:
        """The sum over one or several signatures; None when nothing of them is kept."""
        return total(
            (key.origin.peer, tally)
            for signature in signatures
            for key, tally in self._tallies.get(signature, {}).items()
        )

    def roots_of_kin(self, kin: str) -> set[str]:
        """The roots whose signatures share type and place; not to be changed."""
        return self._kin.get(kin, set())

    def tallies(self, signature: str) -> dict[PageKey, Tally]:
        """The tallies of one signature; not to be changed."""
        return self._tallies.get(signature, {})

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
        return self._tallies.keys()

    def roots(self) -> Iterable[str]:
        return self._roots.keys()

    def roots_with(self, signatures: Iterable[str]) -> set[str]:
        """The roots of those of these signatures that are still kept."""
        return {next(iter(self._tallies[s].values())).root for s in signatures if s in self._tallies}

    def signatures_of(self, root: str) -> set[str]:
        """The signatures that have this root; not to be changed."""
        return self._roots.get(root, set())

    def __contains__(self, signature: str) -> bool:
        return signature in self._tallies

    def _replace(self, key: PageKey, before: Tally | None, tally: Tally) -> None:
        """Most of a page is as it was in its version before, and costs nothing."""
        if before is tally or before == tally:
            return
        if before and (before.root, before.kin) != (tally.root, tally.kin):
            self._remove(key, [before])
            before = None
        self._changed.add(tally.signature)
        self._tallies.setdefault(tally.signature, {})[key] = tally
        more = tally.count - (before.count if before else 0)
        self._counts[tally.signature] = self._counts.get(tally.signature, 0) + more
        if before is None:
            self._roots.setdefault(tally.root, set()).add(tally.signature)
            self._kin.setdefault(tally.kin, set()).add(tally.root)
        if former := former_root(tally):
            self.former[tally.root] = former

    def _remove(self, key: PageKey, tallies: Iterable[Tally]) -> None:
        for tally in tallies:
            self._changed.add(tally.signature)
            kept = self._tallies[tally.signature]
            del kept[key]
            self._counts[tally.signature] -= tally.count
            if not kept:
                del self._tallies[tally.signature], self._counts[tally.signature]
                self._leave_root(tally)

    def _leave_root(self, tally: Tally) -> None:
        discard(self._roots, tally.root, tally.signature)
        if tally.root not in self._roots:
            self.former.pop(tally.root, None)
            discard(self._kin, tally.kin, tally.root)


def discard(index: dict[str, set[str]], key: str, member: str) -> None:
    """Take `member` from `index[key]`, and the key with its last member."""
    members = index.get(key, set())
    members.discard(member)
    if not members:
        index.pop(key, None)
