"""What clients wrote down while the node was away: one file per session, read as hostile input.

Anybody may write into a shared spool directory. So nothing there is followed or trusted: a spool is a regular file with
one name, of bounded size, named like the session that it says it holds, and not so old that its session may have been
forgotten. What is no spool is removed, and said. A file that somebody holds a lock on is still being written, and left
alone.

Records go through the same session rules as on a socket, so a file that is read twice (a crash before it was removed,
or a client that had sent some of it) counts nothing twice. Its writer is gone, so numbers that are missing will never
come: they are skipped. When everything is settled the file is removed; when the store fails it stays for later.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog
import trio

from node.clock import Clock
from node.ingest.batch import Reply
from node.ingest.counters import Counters
from node.ingest.desk import Desk
from node.ingest.sender import Sender
from node.store import StoreError

log = structlog.get_logger("ingest")

NAME = re.compile(r"([0-9a-f]{32})\.spool")
FILE_BYTES = 64 * 1024 * 1024  # more than any client writes
CHUNK = 256 * 1024  # bytes read at once
FILES = 1024  # of one directory in one look
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MARGIN = 86_400.0  # seconds by which sessions outlive spools


class Refused(Exception):
    """The file is no spool; the text says why."""


class Later(Exception):
    """The store failed: the file stays until the next look."""


class Spools:
    """Looks into the spool directories. `run` it."""

    def __init__(self, directories: Sequence[Path], desk: Desk, counters: Counters, clock: Clock, kept: float) -> None:
        self._directories = directories
        self._desk = desk
        self._counters = counters
        self._clock = clock
        self.looks = 0  # rounds through all directories
        self._kept = kept - MARGIN  # seconds after which a session might be forgotten, and its spool counted twice

    async def run(self, interval: float, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look every `interval` seconds until cancelled."""
        task_status.started()
        while True:
            await self.look()
            await trio.sleep(interval)

    async def look(self) -> None:
        """Read what can be read now."""
        for directory in self._directories:
            for name in await trio.to_thread.run_sync(_names, directory):
                await self._drain(directory / name, name)
        self.looks += 1

    async def _drain(self, path: Path, name: str) -> None:
        try:
            handle = await trio.to_thread.run_sync(_open, path, self._clock.now() - self._kept)
        except (BlockingIOError, FileNotFoundError):
            return  # still being written, or gone
        except Refused as error:
            self._remove(path, str(error))
            return
        except OSError as error:
            log.warning("spool not read", place=str(path), reason=error.strerror)
            return
        try:
            await self._read(handle, path, bytes.fromhex(name[:32]))
        except Refused as error:
            self._remove(path, str(error))
        except (Later, StoreError) as error:
            log.error("spool not read", place=str(path), reason=str(error) or "the store failed")
        finally:
            os.close(handle)

    async def _read(self, handle: int, path: Path, session: bytes) -> None:
        found = os.fstat(handle)
        reader = _Reader(self._desk, self._counters, {"uid": found.st_uid, "spooled": True})
        try:
            rest, offset = b"", 0
            while chunk := await trio.to_thread.run_sync(os.pread, handle, CHUNK, offset):
                offset += len(chunk)
                rest = await self._feed(reader, rest + chunk, session)
            await reader.wait_settled()
            reader.check()
        finally:
            reader.leave()
        self._counters.spooled += 1
        if rest:  # the writer died in the middle of a record
            log.info("spool ends in the middle of a record", place=str(path), bytes=len(rest))
        await trio.Path(path).unlink(missing_ok=True)

    async def _feed(self, reader: "_Reader", data: bytes, session: bytes) -> bytes:
        """Take what is whole; returns the rest. Raises `Refused` and `StoreError`."""
        await self._desk.wait_room()
        self._desk.begin()
        buffer = bytearray(data)
        start = reader.feed(buffer, memoryview(buffer), 0, len(buffer))
        if reader.hello is not None:
            if reader.hello != session:
                raise Refused("it is named otherwise than its session")
            (opened,) = await self._desk.sessions.open([session])
            reader.resume(opened)
            start = reader.feed(buffer, memoryview(buffer), start, len(buffer))
        reader.check()
        return bytes(buffer[start:])

    def _remove(self, path: Path, reason: str) -> None:
        self._counters.spools_refused += 1
        log.warning("spool removed", place=str(path), reason=reason)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("spool not removed", place=str(path), reason=error.strerror)


class _Reader(Sender):
    """The sender whose words stand in a file."""

    def __init__(self, desk: Desk, counters: Counters, about: dict[str, Any]) -> None:
        super().__init__(desk, counters, about)
        self.last_writer = True
        self._answered = trio.Event()

    def settled(self, reply: Reply) -> None:
        super().settled(reply)
        self._answered.set()

    def failed(self, reason: str) -> None:
        super().failed(reason)
        self._answered.set()

    async def wait_settled(self) -> None:
        """Return when all that was taken is on disk, or will not be."""
        while self.pending:
            self._answered = trio.Event()
            await self._answered.wait()

    def check(self) -> None:
        """Raise `Refused` if what was read so far makes the rest unreadable, `Later` if it was not stored."""
        if self.over is not None:
            raise Later if "retry" in self.over else Refused(str(self.over["error"]))


def _names(directory: Path) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(_some(entries))
    except OSError:
        return []  # not there, which is how it is on most machines


def _some(entries: Iterator[os.DirEntry[str]]) -> list[str]:
    names = (entry.name for entry in entries if NAME.fullmatch(entry.name))
    return [name for name, _ in zip(names, range(FILES), strict=False)]


def _open(path: Path, oldest: float) -> int:
    """A descriptor that holds the file's lock. Raises `Refused`, or `BlockingIOError` while it is being written."""
    try:
        handle = os.open(path, FLAGS)
    except OSError as error:
        if path.is_symlink():
            raise Refused("it is a link") from None
        raise error
    try:
        _check(os.fstat(handle), path.parent.stat(), oldest)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _check(found: os.stat_result, directory: os.stat_result, oldest: float) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Refused("it is no regular file")
    if found.st_nlink != 1:
        raise Refused("it has another name elsewhere")
    if found.st_size > FILE_BYTES:
        raise Refused(f"it has {found.st_size} bytes: at most {FILE_BYTES}")
    shared = bool(directory.st_mode & stat.S_ISVTX)
    if not shared and found.st_uid not in (directory.st_uid, 0):
        raise Refused(f"user {found.st_uid} wrote it into a directory of user {directory.st_uid}")
    if found.st_ctime < oldest:  # of the three times, this one its owner cannot choose
        raise Refused("it is older than the sessions that are remembered")
