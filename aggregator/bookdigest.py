"""Sums over the entries of a book, in buckets by key: what two nodes compare to find entries that one of them lacks."""

import hashlib
from typing import Any

import msgspec

from aggregator.book import Book, Fact, FactKey, Ruling

BUCKETS = 64
MODULUS = 2**128


def sums(book: Book) -> list[bytes]:
    """The sum of each bucket."""
    totals = [0] * BUCKETS
    for key, fact in book.facts():
        _add(totals, ("fact", key), fact)
    for ruling in book.rulings():
        _add(totals, ("ruling", ruling.kind, ruling.subject), ruling)
    return [total.to_bytes(16) for total in totals]


def root(book: Book) -> bytes:
    """One hash over all buckets."""
    return hashlib.sha256(b"".join(sums(book))).digest()[:16]


def entries_in(book: Book, buckets: set[int]) -> tuple[list[tuple[FactKey, Fact]], list[Ruling]]:
    """The facts and rulings in these buckets."""
    facts = [(key, fact) for key, fact in book.facts() if _bucket(("fact", key)) in buckets]
    rulings = [r for r in book.rulings() if _bucket(("ruling", r.kind, r.subject)) in buckets]
    return facts, rulings


def _add(totals: list[int], name: tuple[Any, ...], value: Any) -> None:
    digest = hashlib.sha256(msgspec.msgpack.encode((name, value), order="deterministic")).digest()
    bucket = _bucket(name)
    totals[bucket] = (totals[bucket] + int.from_bytes(digest[:16])) % MODULUS


def _bucket(name: tuple[Any, ...]) -> int:
    return hashlib.sha256(msgspec.msgpack.encode(name)).digest()[0] % BUCKETS
