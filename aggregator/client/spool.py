"""Records of one session on disk, for as long as the node is absent.

One append-only file, locked as long as this process may write to it, so that the node drains only what a dead process
left. It is made under another name, locked, and only then given its own: the node never sees it unlocked. Records
keep their numbers, so draining a file twice, or after a lost acknowledgement, counts nothing twice.

Full (its own size, the directory, the disk): the new record is not written and the caller counts it as dropped. There
is no fsync: the promise is to survive the process, not the machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORY_FILES = 4_096  # of dead and living processes; where the directory can be listed
DIRECTORY_BYTES = 512 * 1024 * 1024  # all of them together
NODE_MAY_READ = 0o640
FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class SpoolFull(Exception):
    """The record does not fit; the text is the reason that is counted."""


class Spool:
    """The records `first` to `last` of a session, contiguous. The caller closes or removes it.

    The constructor raises `OSError` and `SpoolFull`.
    """

    def __init__(self, directory: str, session: bytes, hello: bytes, first: int, max_bytes: int) -> None:
        self.first = first
        self._max_bytes = max_bytes
        _make_directory(directory)
        _check_room(directory)
        self.path = os.path.join(directory, f"{session.hex()}.spool")
        hidden = os.path.join(directory, f".{session.hex()}.new")
        self._fd = os.open(hidden, FLAGS, 0o600)
        self._offsets = array("Q", [0])  # where each record starts, and where the last one ends
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _let_node_read(self._fd, directory)
            self._write(hello)
            os.rename(hidden, self.path)
        except (OSError, SpoolFull):
            os.close(self._fd)
            os.unlink(hidden)
            raise
        self._offsets = array("Q", [len(hello)])

    @property
    def last(self) -> int:
        """The highest number in the file; `first - 1` when it is empty."""
        return self.first + len(self._offsets) - 2

    def append(self, frame: bytes) -> None:
        """Add the record `last + 1`. Raises `SpoolFull` and `OSError`, and then has not changed."""
        if self._offsets[-1] + len(frame) > self._max_bytes:
            raise SpoolFull("spool full")
        self._write(frame)
        self._offsets.append(self._offsets[-1] + len(frame))

    def frame(self, seq: int) -> bytes:
        """The bytes of record `seq`, as they were written. Raises `OSError`."""
        start, end = self._offsets[seq - self.first], self._offsets[seq - self.first + 1]
        data = os.pread(self._fd, end - start, start)
        if len(data) != end - start:
            raise OSError(0, "cut short by somebody else")
        return data

    def frames(self, after: int) -> Iterator[bytes]:
        """The records higher than `after`, in order."""
        for seq in range(max(after + 1, self.first), self.last + 1):
            yield self.frame(seq)

    def remove(self) -> None:
        """All of it is settled: take the file away. If that fails the node drains it, and counts nothing twice."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        self.close()

    def close(self) -> None:
        """Give up the lock and leave the file to the node."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        """All of `data` or nothing: a torn record would end the file for its reader."""
        end = self._offsets[-1]
        try:
            written = os.write(self._fd, data)
        except OSError:
            os.ftruncate(self._fd, end)
            raise
        if written != len(data):
            os.ftruncate(self._fd, end)
            raise SpoolFull("disk full")


def _let_node_read(fd: int, directory: str) -> None:
    """In the directory that all users share, the file has the group of the node's user; only that user can list it."""
    shared = os.stat(directory)
    if shared.st_mode & stat.S_ISGID and shared.st_uid != os.geteuid() and os.fstat(fd).st_gid == shared.st_gid:
        os.fchmod(fd, NODE_MAY_READ)


def _make_directory(directory: str) -> None:
    if not os.path.isdir(directory):
        os.makedirs(directory, mode=0o700, exist_ok=True)


def _check_room(directory: str) -> None:
    try:
        with os.scandir(directory) as entries:
            sizes = [entry.stat(follow_symlinks=False).st_size for entry in entries]
    except OSError:  # a shared directory may be written but not listed: its owner, the node, bounds it
        return
    if len(sizes) >= DIRECTORY_FILES or sum(sizes) >= DIRECTORY_BYTES:
        raise SpoolFull("spool directory full")
