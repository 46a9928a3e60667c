"""The sockets themselves: bound by the node, with mode and group from the first moment, one node per path.

A socket is bound under a hidden name, given mode and group, and then renamed into place, so nobody can connect before
it is protected, and what a dead program left there is replaced. What a living one listens at is not: a lock file beside
the socket keeps a second node away, and any other program is noticed because it answers.
"""

import errno
import fcntl
import grp
import os
import socket
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

BACKLOG = 512  # connections that wait to be accepted
RECEIVE_BYTES = 1024 * 1024  # datagrams that wait, in the kernel
LAST_PORT = 65_535
METRICS_REMEDY: Mapping[int, str] = {
    errno.EADDRINUSE: "stop what has the port, or choose another port",
    errno.EADDRNOTAVAIL: "this machine does not have that address: choose 127.0.0.1",
    errno.EAFNOSUPPORT: "this machine has no IPv6: choose 127.0.0.1",
    errno.EACCES: "ports below 1024 are kept for root: choose a higher one",
    errno.EPERM: "this user may not listen there: choose a port above 1023",
    socket.EAI_NONAME: "that name is not known here: choose 127.0.0.1",
}
_CREDENTIALS = struct.Struct("3i")


class SocketError(Exception):
    """A socket cannot be had; the text names it, the reason and the remedy."""


class Peer(NamedTuple):
    """Who is at the other end, as the kernel knows it."""

    pid: int
    uid: int
    gid: int


class Bound:
    """A bound socket, its path, and the lock that makes it ours; None: it is another's, see `adopt`. `close` it."""

    def __init__(self, sock: socket.socket, path: Path, lock: int | None) -> None:
        self.socket = sock
        self.path = path
        self._lock = lock
        self._made = _identity(path)

    def close(self) -> None:
        """Close, and remove the file if it is still ours."""
        self.socket.close()
        if self._lock is None:
            return
        if _identity(self.path) == self._made:
            self.path.unlink(missing_ok=True)
        os.close(self._lock)


Passed = Mapping[str, Bound]  # sockets that others bound, by what they are for
NOTHING: Passed = {}


def bind(path: Path, kind: socket.SocketKind, mode: int, group: str = "") -> Bound:
    """A non-blocking socket at `path`; a stream socket listens. Raises `SocketError`."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = _lock(path)
    except OSError as error:
        raise _trouble(path, error) from None
    try:
        return Bound(_bind(path, kind, mode, group), path, lock)
    except BaseException:
        os.close(lock)
        raise


def adopt(sock: socket.socket, path: Path) -> Bound:
    """A socket that somebody else bound at `path` and looks after: used like our own, and left there at the end."""
    os.set_inheritable(sock.fileno(), False)
    sock.setblocking(False)
    if sock.type == socket.SOCK_DGRAM:
        _prepare_datagrams(sock)
    return Bound(sock, path, None)


def bind_loopback(address: str) -> socket.socket:
    """A listening socket at a loopback "host:port", as the configuration allows one. Raises `SocketError`."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    if int(port) > LAST_PORT:
        raise SocketError(f"control.metrics: {address}: a port is a number of at most {LAST_PORT}")
    try:
        sock = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=BACKLOG)
    except OSError as error:
        remedy = METRICS_REMEDY.get(error.errno or 0, "choose another address")
        why = error.strerror or str(error)
        raise SocketError(f"control.metrics: cannot listen on {address} ({why}): {remedy}") from None
    sock.setblocking(False)
    return sock


def peer_of(connection: socket.socket) -> Peer:
    """Who connected."""
    return Peer(*_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)))


def peer_in(ancillary: list[tuple[int, int, bytes]]) -> Peer:
    """Who sent a datagram; nobody known where the kernel did not say."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) and len(data) >= _CREDENTIALS.size:
            return Peer(*_CREDENTIALS.unpack(data[: _CREDENTIALS.size]))
    return Peer(-1, -1, -1)


def _bind(path: Path, kind: socket.SocketKind, mode: int, group: str) -> socket.socket:
    hidden = path.with_name(f".{path.name}.new")
    sock = socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        _check_free(path, kind)
        hidden.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            sock.bind(str(hidden))
        finally:
            os.umask(before)
        if group:
            os.chown(hidden, -1, _group(group))
        hidden.chmod(mode)
        if kind == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
        else:
            _prepare_datagrams(sock)
        hidden.rename(path)
    except OSError as error:
        sock.close()
        raise _trouble(path, error) from None
    except BaseException:
        sock.close()
        raise
    return sock


def _check_free(path: Path, kind: socket.SocketKind) -> None:
    """Raise `SocketError` unless nothing is at `path`, or a socket that nobody listens at any more."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SocketError(f"{path}: there is a file that is no socket: remove it, or choose another path")
    with socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except OSError as error:
            why = error.strerror or str(error)
        else:
            why = "it answers"
    raise SocketError(f"{path}: another program listens there ({why}): stop it, or choose another path")


def _prepare_datagrams(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)


def _lock(path: Path) -> int:
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise SocketError(f"{path}: another node listens there: stop it, or give this one another path") from None
    return handle


def group_name(number: int) -> str:
    """What the group is called; its number where it has no name."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise SocketError(f"ingest.group: there is no group {name!r}: create it, or name another") from None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _trouble(path: Path, error: OSError) -> SocketError:
    if len(str(path)) > 95:  # sun_path has 108 bytes, and the hidden name is longer
        return SocketError(f"{path}: the path is too long for a socket: choose one of at most 95 characters")
    return SocketError(f"{path}: cannot listen ({error.strerror or error}): check the directory's owner and mode")
