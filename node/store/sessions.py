"""Sessions of clients: up to where each is settled."""

import sqlite3
from collections.abc import Iterable, Mapping

from node.store.store import Operation


def put(marks: Mapping[bytes, int], now: float) -> Operation:
    """Set the next expected number of each session; goes into the transaction that counts what is before it."""
    rows = [(session, following, now) for session, following in marks.items()]
    return lambda db: db.executemany("REPLACE INTO sessions VALUES (?, ?, ?)", rows)


def find(db: sqlite3.Connection, ids: Iterable[bytes]) -> dict[bytes, int]:
    """The next expected number of those that are known."""
    found: dict[bytes, int] = {}
    for session in ids:
        row = db.execute("SELECT next FROM sessions WHERE id = ?", (session,)).fetchone()
        if row:
            found[session] = row[0]
    return found


def remove_unused(before: float) -> Operation:
    """Forget sessions that were last written before `before`."""
    return lambda db: db.execute("DELETE FROM sessions WHERE used < ?", (before,))
