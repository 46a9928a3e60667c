"""A small client of the ingest socket, as `docs/ingest.md` describes it: blocking, explicit, for tests only."""

import secrets
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

Map = dict[str, Any]
LENGTH_BYTES = 4


def frame(message: Map) -> bytes:
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class Disconnected(Exception):
    """The node has gone, or ended the conversation."""


class Sender:
    """One connection. Raises `Disconnected` where the node is gone."""

    def __init__(self, path: Path, timeout: float = 60.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._buffer = b""
        try:
            self._connect(path, time.monotonic() + timeout)
        except OSError as error:
            self._socket.close()
            raise Disconnected(str(error)) from None
        self._socket.settimeout(timeout)

    def _connect(self, path: Path, end: float) -> None:
        """Connect; while the queue of those that come is full, wait for room in it."""
        self._socket.setblocking(False)  # as with any timeout, the system then does not wait for room
        while True:
            try:
                return self._socket.connect(str(path))
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def hello(self, session: bytes) -> Map:
        self.send({"hello": 1, "session": session, "capabilities": {}})
        return self.answer()

    def send(self, *messages: Map) -> None:
        self.send_bytes(b"".join(map(frame, messages)))

    def send_bytes(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Disconnected(str(error)) from None

    def answer(self) -> Map:
        """The next one."""
        size = int.from_bytes(self._take(LENGTH_BYTES), "big")
        return msgspec.msgpack.decode(self._take(size), type=dict[str, Any])

    def answers_to(self, seq: int) -> list[Map]:
        """All answers until `seq` is acknowledged."""
        answers = [self.answer()]
        while answers[-1].get("ack", 0) < seq and "error" not in answers[-1]:
            answers.append(self.answer())
        return answers

    def finish(self) -> None:
        """Say nothing more; answers still come."""
        self._socket.shutdown(socket.SHUT_WR)

    def at_end(self) -> bool:
        """Whether the node has closed the connection, with nothing more to say."""
        try:
            return not self._buffer and not self._socket.recv(1)
        except ConnectionError:
            return True

    def close(self) -> None:
        self._socket.close()

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise Disconnected(str(error)) from None
            if not data:
                raise Disconnected("the node closed the connection")
            self._buffer += data
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def numbered(records: Sequence[Map], first: int = 1) -> list[Map]:
    """Records as they are sent in a session."""
    return [{"seq": seq, **record} for seq, record in enumerate(records, first)]


def new_session() -> bytes:
    return secrets.token_bytes(16)


def error(number: int, **more: Any) -> Map:
    """The record of error `number`: a type, a message and two frames that no other has."""
    frames = [
        {"function": "main", "module": "app.main", "file": "/srv/app/main.py", "line": 10, "in_app": True},
        {"function": f"step_{number}", "module": "app.steps", "file": "/srv/app/steps.py", "line": 20, "in_app": True},
    ]
    stack = [{"type": f"Error{number}", "module": "app.errors", "frames": frames}]
    return {"message": f"step {number} failed", "type": f"Error{number}", "exceptions": stack, **more}
