"""What left the lookback, per signature and day."""

import sqlite3
from collections.abc import Iterable, Iterator

import msgspec

from aggregator.history import DayKey
from aggregator.tally import Total
from node.store.store import Operation

_totals = msgspec.msgpack.Decoder(Total)


def put(rows: Iterable[tuple[DayKey, str, Total]]) -> Operation:
    """Set whole days: (key, root, total)."""
    encoded = [(*key, root, msgspec.msgpack.encode(total)) for key, root, total in rows]
    return lambda db: db.executemany("REPLACE INTO history VALUES (?, ?, ?, ?)", encoded)


def remove(keys: Iterable[DayKey]) -> Operation:
    rows = [tuple(key) for key in keys]
    return lambda db: db.executemany("DELETE FROM history WHERE signature = ? AND day = ?", rows)


def every(db: sqlite3.Connection) -> Iterator[tuple[DayKey, str, Total]]:
    for signature, day, root, total in db.execute("SELECT * FROM history"):
        yield DayKey(signature, day), root, _totals.decode(total)
