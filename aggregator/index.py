"""What the tallies of some pages add up to, by signature, root and kin: kept as they come, change and go.

A signature's count is one number, changed by what changes. Everything else is summed from its tallies when asked for.
"""

from collections.abc import Iterable

from aggregator.named import Pairs, root_among
from aggregator.page import PageKey
from aggregator.tally import Tally, Total, former_root, total


class Index:
    """Tallies and counts by signature, signatures by root, roots by kin."""

    def __init__(self) -> None:
        self._tallies: dict[str, dict[PageKey, Tally]] = {}
        self._counts: dict[str, int] = {}
        self._root: dict[str, str] = {}  # by signature
        self._named = Pairs()  # signatures by each root that a tally gives them
        self._kin = Pairs()  # roots by kin
        self._formers = Pairs()  # former names by root
        self._changed: set[str] = set()
        self.former: dict[str, str] = {}  # by root: its name under an earlier version of the signature

    def replace(self, key: PageKey, before: Iterable[Tally], tallies: Iterable[Tally]) -> None:
        """A page said `before` and says `tallies` now."""
        old = {tally.signature: tally for tally in before}
        for tally in tallies:
            self._replace(key, old.pop(tally.signature, None), tally)
        self.remove(key, old.values())

    def remove(self, key: PageKey, tallies: Iterable[Tally]) -> None:
        """A page says these no more."""
        for tally in tallies:
            self._changed.add(tally.signature)
            kept = self._tallies[tally.signature]
            del kept[key]
            self._counts[tally.signature] -= tally.count
            if not kept:
                del self._tallies[tally.signature], self._counts[tally.signature]
            self._unname(tally)

    def take_changed(self) -> set[str]:
        """The signatures that changed since this was last called."""
        changed, self._changed = self._changed, set()
        return changed

    def count(self, signature: str) -> int:
        return self._counts.get(signature, 0)

    def total(self, signatures: Iterable[str]) -> Total | None:
        """The sum over one or several signatures; None when there is nothing of them."""
        return total((key.origin.peer, tally) for s in signatures for key, tally in self.tallies(s).items())

    def tallies(self, signature: str) -> dict[PageKey, Tally]:
        """The tallies of one signature; not to be changed."""
        return self._tallies.get(signature, {})

    def signatures(self) -> Iterable[str]:
        return self._tallies.keys()

    def roots(self) -> Iterable[str]:
        return set(self._root.values())

    def root_of(self, signature: str) -> str:
        """The root of a signature that is here."""
        return self._root[signature]

    def signatures_of(self, root: str) -> set[str]:
        """The signatures that have this root."""
        return {signature for signature in self._named.of(root) if self._root[signature] == root}

    def said_of(self, root: str) -> Iterable[str]:
        """The signatures that any tally gives this root."""
        return self._named.of(root)

    def pairs(self) -> int:
        """How much is kept about names. At most three for each tally."""
        return len(self._named) + len(self._kin) + len(self._formers)

    def roots_of_kin(self, kin: str) -> set[str]:
        """The roots whose signatures share type and place."""
        return set(self._kin.of(kin))

    def __contains__(self, signature: str) -> bool:
        return signature in self._tallies

    def _replace(self, key: PageKey, before: Tally | None, tally: Tally) -> None:
        """Most of a page is as it was in its version before, and costs nothing."""
        if before is tally or before == tally:
            return
        if before and _names(before) != _names(tally):
            self.remove(key, [before])
            before = None
        self._changed.add(tally.signature)
        self._tallies.setdefault(tally.signature, {})[key] = tally
        more = tally.count - (before.count if before else 0)
        self._counts[tally.signature] = self._counts.get(tally.signature, 0) + more
        if before is None:
            self._name(tally)

    def _name(self, tally: Tally) -> None:
        signature, (root, kin, former) = tally.signature, _names(tally)
        self._named.add(root, signature)
        self._kin.add(kin, root)
        self._root[signature] = root_among(signature, {root, self._root.get(signature, root)})
        if former:
            self._formers.add(root, former)
            self.former[root] = min(self._formers.of(root))

    def _unname(self, tally: Tally) -> None:
        signature, (root, kin, former) = tally.signature, _names(tally)
        self._named.remove(root, signature)
        self._kin.remove(kin, root)
        if signature not in self._tallies:
            del self._root[signature]
        elif self._root[signature] == root and signature not in self._named.of(root):
            self._root[signature] = root_among(signature, (each.root for each in self.tallies(signature).values()))
        if former:
            self._formers.remove(root, former)
            self.former.pop(root)
            self.former.update((root, each) for each in sorted(self._formers.of(root))[:1])


def _names(tally: Tally) -> tuple[str, str, str]:
    return tally.root, tally.kin, former_root(tally)


def discard(index: dict[str, set[str]], key: str, member: str) -> None:
    """Take `member` from `index[key]`, and the key with its last member."""
    members = index.get(key, set())
    members.discard(member)
    if not members:
        index.pop(key, None)
