"""Pages: one row each, the newest version."""

import sqlite3
from collections.abc import Iterable, Iterator

from aggregator.page import Origin, Page, PageKey
from node.store.store import Operation


def put(pages: Iterable[Page]) -> Operation:
    """Set these versions, whatever is kept. Whether they are newer was decided by the ledger."""
    rows = [_row(page) for page in pages]
    return lambda db: db.executemany("REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def remove(keys: Iterable[PageKey]) -> Operation:
    rows = [(*key.origin, key.window, key.number) for key in keys]
    return lambda db: db.executemany("DELETE FROM pages WHERE peer = ? AND run = ? AND window = ? AND number = ?", rows)


def every(db: sqlite3.Connection) -> Iterator[Page]:
    """All pages, the oldest window first."""
    for peer, run, window, number, sequence, body, signature in db.execute("SELECT * FROM pages ORDER BY window"):
        yield Page(PageKey(Origin(peer, run), window, number), sequence, body, signature)


def _row(page: Page) -> tuple[str, str, int, int, int, bytes, bytes]:
    key = page.key
    return key.origin.peer, key.origin.run, key.window, key.number, page.sequence, page.body, page.signature
