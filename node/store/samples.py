"""Samples: full, redacted records, at most two per origin, signature and day."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from aggregator.page import Origin
from node.store.store import Operation

COLUMNS = """
    REPLACE INTO samples (peer, run, signature, day, slot, id, record, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class Sample(NamedTuple):
    origin: Origin
    signature: str
    day: int  # days since 1970-01-01
    slot: int  # 0 or 1; a later sample in the same slot replaces the earlier
    id: str
    record: bytes  # MessagePack, redacted
    sealed: bytes = b""  # of another node: as it handed it over


def put(samples: Iterable[Sample]) -> Operation:
    rows = [(*s.origin, s.signature, s.day, s.slot, s.id, s.record, s.sealed) for s in samples]
    return lambda db: db.executemany(COLUMNS, rows)


def find(db: sqlite3.Connection, sample_id: str) -> bytes | None:
    """The record with that id."""
    row = db.execute("SELECT record FROM samples WHERE id = ?", (sample_id,)).fetchone()
    return row[0] if row else None


def to_hand_on(db: sqlite3.Connection, sample_id: str) -> tuple[str, str, bytes, bytes] | None:
    """Its peer, the error's signature, the record, and what that peer handed over (empty where it is an own one)."""
    query = "SELECT peer, signature, record, sealed FROM samples WHERE id = ?"
    return db.execute(query, (sample_id,)).fetchone()


def of_signature(db: sqlite3.Connection, signature: str, limit: int = 5) -> list[tuple[str, bytes]]:
    """(id, record) of the newest samples of a signature."""
    query = "SELECT id, record FROM samples WHERE signature = ? ORDER BY day DESC, slot LIMIT ?"
    return db.execute(query, (signature, limit)).fetchall()


def remove_before(day: int) -> Operation:
    return lambda db: db.execute("DELETE FROM samples WHERE day < ?", (day,))
