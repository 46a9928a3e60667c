"""Pairs that tallies name, each for as long as one of them does; and which root a signature has where they differ.

The root is a function of the record, as the signature is, so honest nodes never differ about it: where one does, it
means ill or is broken. All nodes choose alike, whatever came first: the signature's own name, or else the smallest.
"""

from collections.abc import Iterable


class Pairs:
    """Names by name, with how many tallies say so."""

    def __init__(self) -> None:
        self._times: dict[str, dict[str, int]] = {}

    def add(self, key: str, name: str) -> None:
        names = self._times.setdefault(key, {})
        names[name] = names.get(name, 0) + 1

    def remove(self, key: str, name: str) -> None:
        names = self._times[key]
        names[name] -= 1
        if not names[name]:
            del names[name]
        if not names:
            del self._times[key]

    def of(self, key: str) -> Iterable[str]:
        """The names that belong to `key`; while something is added or removed, not to be walked through."""
        return self._times.get(key, {}).keys()

    def __len__(self) -> int:
        return sum(map(len, self._times.values()))


def root_among(signature: str, roots: Iterable[str]) -> str:
    """The root of a signature that is said to have these; at least one."""
    return min(roots, key=lambda root: (root != signature, root))
