"""What can go wrong with the store, in words that name the place and the remedy."""

import errno
import os
import sqlite3
from enum import Enum
from pathlib import Path

NO_ROOM = 64 * 1024  # bytes free below which an I/O error is one of a full disk: SQLite's index of its log takes 32 KiB


class Trouble(Enum):
    """Kinds of trouble; the value is the remedy."""

    FULL = "the disk is full: make room; nothing was lost, senders keep what was not acknowledged"
    DISK = (
        "the disk refused it: a quota or a limit on file sizes (ulimit -f) is reached, or the disk fails (see the "
        "kernel's log); nothing was lost, senders keep what was not acknowledged"
    )
    READ_ONLY = (
        "it cannot be written: check owner and mode of it and of its directory, and whether it is mounted read-only"
    )
    CORRUPT = (
        "it is damaged: stop the node and move it away, or restore a backup; the node starts a new one, and the "
        "fleet brings back the counts of the lookback"
    )
    FOREIGN = "it is no database of this program: move it away, or give this node a node.directory of its own"
    NEWER = "it was written by a newer version of this program: upgrade this node, or give it another directory"
    MOVED = (
        "it was moved or removed while the node runs, so nothing written to it would last: put it back, or restart the "
        "node; nothing was lost, senders keep what was not acknowledged"
    )
    IN_USE = "another node uses this directory: stop that one, or give this one a node.directory of its own"
    FAILED = "the operation failed"


class StoreError(Exception):
    """The store could not do it. What was to be committed was not, as a whole."""

    def __init__(self, trouble: Trouble, place: Path, detail: str = "") -> None:
        super().__init__(f"{place}: {trouble.value}" + (f" ({detail})" if detail else ""))
        self.trouble = trouble
        self.detail = detail


_BY_CODE = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_IOERR: Trouble.DISK,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: Trouble.CORRUPT,
    sqlite3.SQLITE_NOTADB: Trouble.CORRUPT,
}


def explain(error: sqlite3.Error, place: Path) -> StoreError:
    """SQLite's error as ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code; the rest only refines it
    trouble = _BY_CODE.get(code, Trouble.FAILED)
    if trouble is Trouble.DISK and _is_full(place.parent):
        trouble = Trouble.FULL
    return StoreError(trouble, place, str(error))


def explain_os(error: OSError, place: Path) -> StoreError:
    """The system's error as ours."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return StoreError(Trouble.FULL if full else Trouble.READ_ONLY, place, error.strerror or str(error))


def _is_full(directory: Path) -> bool:
    try:
        found = os.statvfs(directory)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < NO_ROOM
