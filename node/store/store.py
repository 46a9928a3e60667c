"""One writer, many readers.

`commit` takes a change: a list of operations that are applied together or not at all; it returns when they are on
disk. Only one transaction is written at a time, in a worker thread; what arrives meanwhile goes together into the next
one. So a busy node commits larger groups, not more of them, and a single change never waits for a timer. A group that
fails is tried again one change at a time, so that a bad change harms only itself.

At most `WAITING` changes wait; whoever brings another one waits before it is taken.

A caller that is cancelled while it waits does not know whether its change was committed; every operation states a
result (“set”, never “add”), so that writing it again does no harm.
"""

import os
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import trio

from node.store.database import NAME, open_reader, open_writer
from node.store.errors import StoreError, Trouble, explain, explain_os
from node.store.lock import hold
from node.turn import Turn

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], object]

WAITING = 256  # changes
READERS = 4  # connections, and threads
SPARE_BYTES = 1024 * 1024  # free in the file: so much is kept in any case
SPARE_SHARE = 4  # and one part in so many of the file
COMPACT_BYTES = 8 * 1024 * 1024  # given back at once


class _Waiting:
    """A change, and what became of it."""

    __slots__ = ("change", "done", "error")

    def __init__(self, change: Sequence[Operation]) -> None:
        self.change = change
        self.done = False
        self.error: StoreError | None = None


class Store:
    """Use `open_store`. All methods may be called from any task of the trio loop."""

    def __init__(self, path: Path, writer: sqlite3.Connection) -> None:
        self.path = path
        self.commits = 0  # transactions written
        self.trouble: StoreError | None = None  # why it cannot be used; None: the last transaction was written
        self._writer = writer
        self._file = identity(path)
        self._turn = Turn()
        self._room = Turn(trio.Semaphore(WAITING))
        self._waiting: list[_Waiting] = []
        self._readers: list[sqlite3.Connection] = []
        self._one = trio.CapacityLimiter(1)
        self._few = trio.CapacityLimiter(READERS)

    async def commit(self, change: Sequence[Operation]) -> None:
        """Apply all of `change` in one transaction. Raises `StoreError`: then none of it was applied."""
        async with self._room:
            mine = _Waiting(change)
            self._waiting.append(mine)
            async with self._turn:
                if not mine.done:
                    await self._write_all()
        if mine.error:
            raise mine.error

    async def _write_all(self) -> None:
        """Write what waits. Shielded: the others in the group must not suffer from the cancelling of this caller."""
        group, self._waiting = self._waiting, []
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._write, group, limiter=self._one)

    async def compact(self) -> None:
        """Give back to the file system a little of what is free. Raises `StoreError`.

        A part at a time, because nothing else is written meanwhile; what is soon used again is not given back at all.
        """
        pages, free, size = await self.read(_pages)
        if free * size > SPARE_BYTES and free > pages // SPARE_SHARE:
            await self.commit([lambda db: _give_back(db, min(free, COMPACT_BYTES // size))])

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """What `query` finds; it sees everything that was committed before. Raises `StoreError`."""
        return await trio.to_thread.run_sync(self._read, query, limiter=self._few)

    async def size(self) -> int:
        """Bytes of the database that are in use."""
        return await self.read(_used_bytes)

    def close(self) -> None:
        """Nothing may be under way."""
        for reader in self._readers:
            reader.close()
        self._writer.close()

    def _write(self, group: list[_Waiting]) -> None:
        error = self._transaction([operation for each in group for operation in each.change])
        for each in group:
            each.error = error if error is None or len(group) == 1 else self._transaction(each.change)
            each.done = True

    def _transaction(self, operations: Sequence[Operation]) -> StoreError | None:
        if identity(self.path) != self._file:
            self.trouble = StoreError(Trouble.MOVED, self.path)
            return self.trouble
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for operation in operations:
                operation(self._writer)
            self._writer.execute("COMMIT")
        except Exception as error:  # an operation's own bug must not take down the one writer
            self._roll_back()
            if not isinstance(error, sqlite3.Error):
                return _bug(self.path, error)
            self.trouble = explain(error, self.path)
            return self.trouble
        self.commits += 1
        self.trouble = None
        return None

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            reader = self._readers.pop() if self._readers else open_reader(self.path)
            try:
                return query(reader)
            finally:
                self._readers.append(reader)
        except (sqlite3.Error, StoreError) as error:
            self.trouble = explain(error, self.path) if isinstance(error, sqlite3.Error) else error
            raise self.trouble from error


@asynccontextmanager
async def open_store(directory: Path) -> AsyncGenerator[Store]:
    """The store in `directory`, which is made if need be and locked while it is open. Raises `StoreError`."""
    lock = await trio.to_thread.run_sync(_prepare, directory)
    try:
        store = Store(directory / NAME, await trio.to_thread.run_sync(open_writer, directory / NAME))
        try:
            yield store
        finally:
            store.close()
    finally:
        os.close(lock)


def _prepare(directory: Path) -> int:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os(error, directory) from None
    return hold(directory)


def _pages(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Pages of the file, those of them that are free, and bytes of one."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
    return pages, free, size


def _give_back(connection: sqlite3.Connection, pages: int) -> None:
    """One by one: Python ends the command after its first page, however many it is told."""
    for _ in range(pages):
        connection.execute("PRAGMA incremental_vacuum(1)")


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is at `path`; None: none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = _pages(connection)
    return (pages - free) * size


def _bug(path: Path, error: Exception) -> StoreError:
    return StoreError(Trouble.FAILED, path, f"{type(error).__name__}: {error}")
