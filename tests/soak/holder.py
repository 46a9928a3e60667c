"""Holds connections in every state, and stops itself: `python -m tests.soak.holder SOCKET`. To be killed."""

import os
import signal
import socket
import sys

from tests.sender import error, frame

EACH = 5  # connections of a sort
DEAF = b'{"message":"nobody listens","type":"Deaf"}\n' * 2000
SORTS = (b"", b"\x00\x00", frame(error(1))[:40], b'{"message":', DEAF)


def main() -> None:
    held: list[socket.socket] = []
    for data in SORTS * EACH:
        each = socket.socket(socket.AF_UNIX)
        each.settimeout(0.2)
        held.append(each)
        try:
            each.connect(sys.argv[1])
            each.sendall(data)
        except OSError:  # who is not heard cannot say all of it
            continue
    os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    main()
