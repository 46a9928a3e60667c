"""Small facts about this node by name. Values are plain data."""

import sqlite3
from typing import Any

import msgspec

from node.store.store import Operation


def put(name: str, value: Any) -> Operation:
    return lambda db: db.execute("REPLACE INTO meta VALUES (?, ?)", (name, msgspec.msgpack.encode(value)))


def get(db: sqlite3.Connection, name: str) -> Any:
    """None where nothing was put."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return msgspec.msgpack.decode(row[0]) if row else None
