"""The control socket: ours before the server sees it, and for its owner and root only.

Whoever can connect may enable filing, so the file has mode 0600 from its first moment. A lock beside it, held for as
long as the socket is open, tells a socket that a dead node left (it is replaced) from one that is in use (refused).
The server gets a descriptor, because it would delete whatever file it finds under the name it was given.
"""

import fcntl
import os
import socket
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

BACKLOG = 64  # connections that wait; more are refused by the kernel


class SocketError(Exception):
    """The socket cannot be had. The text names it and the remedy."""


@contextmanager
def control_socket(path: Path) -> Generator[socket.socket]:
    """A listening socket at `path`; it is removed at the end. Raises `SocketError`."""
    lock = _lock(path)
    try:
        listening = _bind(path)
        try:
            yield listening
        finally:
            listening.close()
            path.unlink(missing_ok=True)
    finally:
        os.close(lock)


def _lock(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SocketError(f"{path}: cannot be made ({error.strerror}): give another control.socket") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise SocketError(
            f"{path}: another node listens on it: stop that one, or give another control.socket"
        ) from None
    return lock


def _bind(path: Path) -> socket.socket:
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    before = os.umask(0o177)
    try:
        listening.bind(str(path))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise SocketError(f"{path}: cannot be bound ({error}): give another control.socket") from None
    finally:
        os.umask(before)
    return listening


def _remove_stale(path: Path) -> None:
    """Only a socket is removed: a file of another kind was put there by somebody for something."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISSOCK(mode):
            path.unlink()
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise SocketError(f"{path}: cannot be replaced ({error.strerror}): remove it") from None
    raise SocketError(f"{path}: is not a socket: move it away, or give another control.socket")
