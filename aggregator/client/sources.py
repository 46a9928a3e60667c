"""The text of a source line, where it is at hand.

Files are read with care, as a file name comes from code that may have been made at run time: only regular files (not
a device or a pipe that somebody else reads), of bounded size, unchanged since this process started. Sources that
exist only in memory are taken from `linecache` where somebody has put them.
"""

from __future__ import annotations

import linecache
import os
import stat
import time

FILES = 64  # kept; then all are forgotten
FILE_BYTES = 1024 * 1024
LINE_CHARS = 200


class Sources:
    """A bounded cache of source files. Not for several threads."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}
        self._newest = time.time()  # a file that was changed since shows other lines than those that run

    def line(self, file: str, number: int) -> str:
        """Line `number`, stripped, or an empty string."""
        lines = self._lines(file)
        return lines[number - 1].strip()[:LINE_CHARS] if 0 < number <= len(lines) else ""

    def _lines(self, file: str) -> list[str]:
        if file not in self._files:
            if len(self._files) >= FILES:
                self._files.clear()
            self._files[file] = self._cached(file) if file.startswith("<") else self._read(file)
        return self._files[file]

    def _cached(self, file: str) -> list[str]:
        entry = linecache.cache.get(file)
        return list(entry[2]) if entry is not None and len(entry) == 4 else []

    def _read(self, file: str) -> list[str]:
        try:
            # Not blocking on a pipe that took the place of a file between the look and the open.
            fd = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):
            return []
        with open(fd, "rb") as opened:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode) or found.st_size > FILE_BYTES or found.st_mtime > self._newest:
                return []
            return opened.read(FILE_BYTES).decode("utf-8", "replace").splitlines()
