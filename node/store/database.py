"""The database file: made whole or not at all, upgraded step by step, opened for one writer and many readers.

A new database is made under another name and renamed, so that a crash leaves none rather than half of one. Each file
`upgrades/N.sql` takes version N-1 to N in one transaction; before the first, the old database is copied aside.
Commits are durable when they return (WAL, `synchronous=FULL`).
"""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from node.store.errors import StoreError, Trouble, explain, explain_os

VERSION = 3
HERE = Path(__file__).parent
NAME = "state.db"
BUSY = 5.0  # seconds that an operation waits for a lock of another process


def open_writer(path: Path, version: int = VERSION, upgrades: Path = HERE / "upgrades") -> sqlite3.Connection:
    """The one connection that writes. Makes or upgrades the database if need be. Raises `StoreError`."""
    try:
        if not path.exists():
            _make(path)
        connection = _connect(path, "rw")
        try:
            _check_version(connection, path, version, upgrades)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _check_writable(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        raise explain_os(error, path) from error
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read. Raises `StoreError`."""
    try:
        return _connect(path, "ro")
    except sqlite3.Error as error:
        raise explain(error, path) from error


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Raises `StoreError` where it has none, for it is then no database of ours, and `sqlite3.Error`."""
    try:
        found = connection.execute("SELECT number FROM version").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        raise StoreError(Trouble.FOREIGN, path, str(error)) from error
    if not found:
        raise StoreError(Trouble.FOREIGN, path, "it says no version")
    return int(found[0])


def newer(path: Path, found: int, known: int) -> StoreError:
    """Why a database of version `found` is not opened."""
    return StoreError(Trouble.NEWER, path, f"version {found}, this program knows {known}")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?mode={mode}"
    return sqlite3.connect(address, uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False)


def _make(path: Path) -> None:
    new = path.with_name(path.name + ".new")
    for leftover in (new, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        leftover.unlink(missing_ok=True)  # a log that outlived its database must not be replayed into a new one
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # SQLite gives its logs the same mode
    connection = _connect(new, "rw")
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.executescript(f"BEGIN; {(HERE / 'schema.sql').read_text(encoding='utf-8')} COMMIT;")
    finally:
        connection.close()
    new.rename(path)
    _sync_directory(path.parent)


def _check_version(connection: sqlite3.Connection, path: Path, version: int, upgrades: Path) -> None:
    found = version_of(connection, path)
    if found > version:
        raise newer(path, found, version)
    if found < version:
        _back_up(connection, path.with_name(f"{path.name}.v{found}.backup"))
    for step in range(found + 1, version + 1):
        _upgrade(connection, step, (upgrades / f"{step}.sql").read_text(encoding="utf-8"))


def _check_writable(connection: sqlite3.Connection) -> None:
    """SQLite opens a file that may only be read without a word, and refuses every change later."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("UPDATE version SET number = number")
    finally:
        connection.execute("ROLLBACK")


def _back_up(connection: sqlite3.Connection, path: Path) -> None:
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    copy = _connect(new, "rw")
    try:
        connection.backup(copy)
    finally:
        copy.close()
    new.rename(path)
    _sync_directory(path.parent)


def _upgrade(connection: sqlite3.Connection, step: int, script: str) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {script} ; UPDATE version SET number = {step}; COMMIT;")  # noqa: S608  # our own files
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
