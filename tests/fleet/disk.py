"""A disk that is full: a small one of its own where this process may mount one, else a limit on the size of files.

Both say no in the middle of a write, as a real disk does; they differ in what SQLite is told (ENOSPC, EFBIG).
"""

import os
import resource
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

SIZE = 4 * 1024 * 1024  # bytes of the small disk: room for a database with its log, and soon full


class Disk(Protocol):
    """What a test does to it. `pid`: of the process that is to feel it."""

    def fill(self, pid: int) -> None: ...
    def free(self, pid: int) -> None: ...


class Small:
    """A file system of `SIZE` bytes."""

    def __init__(self, path: Path) -> None:
        self._filler = path / "filler"

    def fill(self, pid: int = 0) -> None:
        handle = os.open(self._filler, os.O_WRONLY | os.O_CREAT, 0o600)
        os.lseek(handle, 0, os.SEEK_END)
        for size in (65536, 4096):
            with suppress(OSError):
                while True:
                    os.write(handle, b"\0" * size)
        os.close(handle)

    def free(self, pid: int = 0) -> None:
        self._filler.unlink()


class Limited:
    """No file of that one process grows beyond what the largest of `path` has now."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self, pid: int) -> None:
        largest = max((each.stat().st_size for each in self._path.rglob("*") if each.is_file()), default=0)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def small_disk(path: Path, size: int = SIZE) -> Generator[Small | None]:
    """A small disk mounted at `path`, with the files that are there; None where this process may not mount."""
    path.mkdir(parents=True, exist_ok=True)
    there = {each.name: each.read_bytes() for each in path.iterdir()}
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", str(path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        yield None
        return
    for name, data in there.items():
        (path / name).touch(0o600)
        (path / name).write_bytes(data)
    try:
        yield Small(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def disk_of(path: Path) -> Generator[Disk]:
    """The small disk, else the limit."""
    with small_disk(path) as small:
        yield small or Limited(path)
