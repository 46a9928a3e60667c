"""What this node is about to write to GitHub: committed before the call, taken back when its outcome is known."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec

from node.store.store import Operation


def put(subject: str, at: float, value: Any) -> Operation:
    return lambda db: db.execute("REPLACE INTO intents VALUES (?, ?, ?)", (subject, at, msgspec.msgpack.encode(value)))


def remove(subject: str) -> Operation:
    return lambda db: db.execute("DELETE FROM intents WHERE subject = ?", (subject,))


def every(db: sqlite3.Connection) -> Iterator[tuple[str, float, bytes]]:
    """(subject, at, MessagePack), the oldest first."""
    yield from db.execute("SELECT subject, at, value FROM intents ORDER BY at")
