"""Facts and rulings that are not counts, by kind and subject. Values are plain data or msgspec structs."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec

from node.store.store import Operation


def put(kind: str, subject: str, value: Any) -> Operation:
    return lambda db: db.execute("REPLACE INTO book VALUES (?, ?, ?)", (kind, subject, msgspec.msgpack.encode(value)))


def remove(kind: str, subject: str) -> Operation:
    return lambda db: db.execute("DELETE FROM book WHERE kind = ? AND subject = ?", (kind, subject))


def get(db: sqlite3.Connection, kind: str, subject: str) -> bytes | None:
    """The MessagePack that was put; the owner of the kind decodes it with its type."""
    row = db.execute("SELECT value FROM book WHERE kind = ? AND subject = ?", (kind, subject)).fetchone()
    return row[0] if row else None


def every(db: sqlite3.Connection, kind: str | None = None) -> Iterator[tuple[str, str, bytes]]:
    """(kind, subject, MessagePack), of one kind or of all."""
    if kind is None:
        yield from db.execute("SELECT kind, subject, value FROM book")
    else:
        yield from db.execute("SELECT kind, subject, value FROM book WHERE kind = ?", (kind,))
