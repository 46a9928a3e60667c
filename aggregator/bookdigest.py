"""Sums over the entries of a book, in buckets by key: what two nodes compare to find entries that one of them lacks.

Like the sums over pages (`digest.py`), they change by a subtraction and an addition when an entry does, so comparing
costs the same whatever the size of the book.
"""

import hashlib
from typing import Any

import msgspec

BUCKETS = 64
MODULUS = 2**128


class Sums:
    """The sum of each bucket."""

    def __init__(self) -> None:
        self._totals = [0] * BUCKETS
        self._root: bytes | None = None

    def replace(self, name: tuple[Any, ...], old: Any, new: Any) -> None:
        """The entry about `name` changed from `old` (None: it is new) to `new`."""
        bucket = bucket_of(name)
        change = _mark(name, new) - (0 if old is None else _mark(name, old))
        self._totals[bucket] = (self._totals[bucket] + change) % MODULUS
        self._root = None

    def all(self) -> list[bytes]:
        """Each bucket's sum, 16 bytes."""
        return [total.to_bytes(16) for total in self._totals]

    def root(self) -> bytes:
        """One hash over all buckets, 16 bytes."""
        if self._root is None:
            self._root = hashlib.sha256(b"".join(self.all())).digest()[:16]
        return self._root


def bucket_of(name: tuple[Any, ...]) -> int:
    """Which bucket an entry is in."""
    return hashlib.sha256(msgspec.msgpack.encode(name)).digest()[0] % BUCKETS


def _mark(name: tuple[Any, ...], value: Any) -> int:
    digest = hashlib.sha256(msgspec.msgpack.encode((name, value), order="deterministic")).digest()
    return int.from_bytes(digest[:16])
