"""One connection to the node. Nothing here blocks: bytes go out and come in as far as the socket allows.

The program around us may do what it likes with file descriptors. Before each write the descriptor is compared with the
socket that was opened: a program that closed all of its descriptors may have got our number for a file of its own.
"""

from __future__ import annotations

import os
import select
import socket
import stat

from aggregator import limits
from aggregator.client.wire import BadAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aggregator.client.wire import Codec, Map

READ_BYTES = 64 * 1024
OUT_BYTES = 256 * 1024  # handed to the link and not yet taken by the kernel; then nothing more is handed over
IN_BYTES = 2 * limits.FRAME_BYTES  # read in one go: room for a whole answer behind a part of another


class Absent(Exception):
    """There is no node to talk to; the text says why."""


class Link:
    """A connected socket and what is under way on it. `close` it."""

    def __init__(self, path: str, codec: Codec) -> None:
        self.ready = False  # the node has answered the hello
        self.closed = ""  # why it is over
        self.session = b""  # whose records go over it
        self._codec = codec
        self._out = bytearray()
        self._in = bytearray()
        self._socket = _connect(path)
        self._identity = _identity(self._socket)

    def send(self, frame: bytes) -> None:
        """Hand over `frame`."""
        self._out += frame

    def takes_more(self) -> bool:
        """Whether `send` should be called: what was handed over is mostly gone."""
        return not self.closed and len(self._out) < OUT_BYTES

    def exchange(self) -> list[Map]:
        """Write and read as far as possible; answers that have come, even of a connection that has ended."""
        if not self._is_ours():
            return []
        self._write()
        self._read()
        try:
            return self._codec.split(self._in)
        except BadAnswer as error:
            self.closed = str(error)
            return []

    def wait(self, seconds: float) -> None:
        """Return when there is something to read, or to write where something waits."""
        if self.closed or not self._is_ours():
            return
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._out else 0))
        poll.poll(seconds * 1000)

    def close(self) -> None:
        """Close our socket, and nothing that has taken its number."""
        self.closed = self.closed or "closed"
        if _identity(self._socket) == self._identity:
            self._socket.close()
        else:
            self._socket.detach()

    def _is_ours(self) -> bool:
        if _identity(self._socket) != self._identity:
            self.closed = self.closed or "the program closed the descriptor"
        return not self.closed

    def _write(self) -> None:
        try:
            while self._out:
                # A program may have set SIGPIPE back to its deadly default.
                del self._out[: self._socket.send(self._out, socket.MSG_NOSIGNAL)]
        except BlockingIOError:
            return
        except OSError as error:  # what the node said before it closed is still to be read
            self.closed = f"connection lost: {error.strerror}"

    def _read(self) -> None:
        try:
            while len(self._in) <= IN_BYTES:
                data = self._socket.recv(READ_BYTES)
                if not data:
                    self.closed = self.closed or "connection lost: the node closed it"
                    return
                self._in += data
        except BlockingIOError:
            return
        except OSError as error:
            self.closed = self.closed or f"connection lost: {error.strerror}"


def open_link(paths: list[str], codec: Codec) -> Link:
    """A connection to the first of `paths` where a node listens. Raises `Absent`."""
    reasons: list[str] = []
    for path in paths:
        try:
            _check(path)
            return Link(path, codec)
        except OSError as error:
            reasons.append(f"{path}: {error.strerror or error}")
    raise Absent("; ".join(reasons))


def _connect(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.connect(path)  # for a Unix socket this is done at once; a full backlog is EAGAIN
    except BaseException:
        sock.close()
        raise
    return sock


def _check(path: str) -> None:
    """Raise `OSError` unless a socket is there that root, we, or the owner of its directory made."""
    found = os.stat(path)
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError(0, "not a socket")
    trusted = (0, os.geteuid(), os.stat(os.path.dirname(path) or ".").st_uid)
    if found.st_uid not in trusted:
        raise OSError(0, "a socket of somebody else")


def _identity(sock: socket.socket) -> tuple[int, int] | None:
    try:
        found = os.fstat(sock.fileno())
    except OSError:
        return None
    return found.st_dev, found.st_ino
