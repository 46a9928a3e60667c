"""One process per state directory: a lock that is held for life and goes with the process, however it ends."""

import contextlib
import fcntl
import os
from pathlib import Path

from node.store.errors import StoreError, Trouble, explain_os


def hold(directory: Path) -> int:
    """Lock `directory`. Returns the descriptor that holds the lock; closing it lets go. Raises `StoreError`."""
    path = directory / "lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise explain_os(error, path) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 20).decode(errors="replace").strip()
        os.close(handle)
        raise StoreError(Trouble.IN_USE, directory, f"process {holder or 'unknown'}") from None
    with contextlib.suppress(OSError):  # a full disk: the number is a courtesy, the lock is held without it
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
    return handle
