"""Whether a database of a node that does not run is whole, without changing anything.

Only one that was closed in order is read, as a file that nobody changes: opening any other would replay its log, and
leave files behind that may belong to the wrong user.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from node.store.database import VERSION, newer, version_of
from node.store.errors import StoreError, Trouble, explain


def why_not(path: Path) -> StoreError | None:
    """What keeps a node from using the database at `path`; None: nothing, as far as can be seen. Reads all of it."""
    if not path.is_file() or path.with_name(path.name + "-wal").exists():
        return None
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
            _check(connection, path)
    except sqlite3.Error as error:
        return explain(error, path)
    except StoreError as error:
        return error
    return None


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = version_of(connection, path)
    if found > VERSION:
        raise newer(path, found, VERSION)
    told = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if told != "ok":
        raise StoreError(Trouble.CORRUPT, path, " ".join(str(told).split()))
