"""Cut the connection of a request that is being answered, so that the client sees a reset and no answer.

ASGI has no word for this. The connection is one of this process's own sockets: it is found by its two addresses and
dissolved by connecting it to nowhere, which sends a reset whoever else holds it; the server then finds it closed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import stat
import struct
from collections.abc import Iterator

NOWHERE = struct.pack("H14x", socket.AF_UNSPEC)  # connecting an open connection there resets it (Linux)
FOLDERS = ("/proc/self/fd", "/dev/fd")


def own_sockets() -> Iterator[socket.socket]:
    """A duplicate of each socket of this process; the caller closes it."""
    folder = next(name for name in FOLDERS if os.path.isdir(name))
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                yield socket.socket(fileno=os.dup(int(name)))


def reset(client: tuple[str, int], server: tuple[str, int]) -> bool:
    """Reset the connection between these addresses; False when it is gone already."""
    for candidate in own_sockets():
        with candidate, contextlib.suppress(OSError):
            if candidate.getpeername()[:2] == client and candidate.getsockname()[:2] == server:
                if ctypes.CDLL(None).connect(candidate.fileno(), NOWHERE, len(NOWHERE)):
                    candidate.shutdown(socket.SHUT_RDWR)  # elsewhere than on Linux: closed, though politely
                return True
    return False
