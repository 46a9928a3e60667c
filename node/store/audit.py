"""The audit log: who did what, when, to what. Append-only, by the schema."""

import json
import sqlite3
from typing import Any, NamedTuple

from node.store.store import Operation


class Entry(NamedTuple):
    id: int
    at: float  # Unix seconds
    node: str  # peer id
    action: str
    subject: str
    detail: dict[str, Any]


def append(at: float, node: str, action: str, subject: str, detail: dict[str, Any]) -> Operation:
    """`detail` is plain data without secrets; it is shown."""
    row = (at, node, action, subject, json.dumps(detail, sort_keys=True))
    return lambda db: db.execute("INSERT INTO audit (at, node, action, subject, detail) VALUES (?, ?, ?, ?, ?)", row)


def last(db: sqlite3.Connection, limit: int = 100, action: str | None = None) -> list[Entry]:
    """The newest entries, the newest first."""
    where, values = (" WHERE action = ?", [action]) if action else ("", [])
    rows = db.execute(f"SELECT * FROM audit{where} ORDER BY id DESC LIMIT ?", [*values, limit])  # noqa: S608  # no text of others in it
    return [
        Entry(number, at, node, what, subject, json.loads(detail)) for number, at, node, what, subject, detail in rows
    ]


def count(db: sqlite3.Connection) -> dict[str, int]:
    """How many entries there are of each action."""
    return dict(db.execute("SELECT action, count(*) FROM audit GROUP BY action").fetchall())
