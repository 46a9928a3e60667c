"""A node for the tests of the client: a real Unix socket, one thread, and the session rules of docs/ingest.md.

What it counted is in `records`, once per (session, number), as a real node's store would have it. It can be told to
misbehave: see the attributes of `Manners`.
"""

import contextlib
import json
import math
import selectors
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

Map = dict[str, Any]
PATIENCE = 60.0  # seconds for what a busy machine, or one that stood still for a moment, does in the end


@dataclass
class Manners:
    """How the node behaves from now on."""

    hang: bool = False  # takes connections and bytes, and never says a word
    lose_acks: int = 0  # of so many batches: counted, not acknowledged, connection closed
    drop_connections: int = 0  # so many: closed at the first record, which is not counted
    error: Map | None = None  # said instead of an acknowledgement, then closed
    errors: float = math.inf  # so often, then the node is well again
    refuse: str = ""  # reason, for every record
    hold_acks: bool = False  # counts and keeps silent
    known: Map = field(default_factory=lambda: {"signature": "s1-" + "0" * 32, "issue": None})


class Peer:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.buffer = b""
        self.json: bool | None = None
        self.session: bytes | None = None

    def messages(self) -> list[Map]:
        if self.json is None and self.buffer:
            self.json = self.buffer[:1] == b"{"
        found: list[Map] = []
        if self.json:
            *lines, self.buffer = self.buffer.split(b"\n")
            return [json.loads(line) for line in lines]
        while len(self.buffer) >= 4 and len(self.buffer) >= (end := 4 + int.from_bytes(self.buffer[:4], "big")):
            found.append(unpack(self.buffer[4:end]))
            self.buffer = self.buffer[end:]
        return found

    def say(self, message: Map) -> None:
        body = json.dumps(message).encode() + b"\n" if self.json else frame(message)
        with contextlib.suppress(OSError):
            self.socket.sendall(body)


class FakeNode:
    """Use it as a context manager. `stop` and `start` again: the socket goes and comes, what was counted stays."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manners = Manners()
        self.records: list[Map] = []
        self.marks: dict[bytes, int] = {}  # session -> highest number taken
        self.seen: list[tuple[bytes, Map]] = []  # everything that came, repeats too, as (session, record)
        self.bytes = bytearray()  # everything that came over the wire
        self.connections = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "FakeNode":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(16)
        self._end, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """As a kill -9: connections end, the socket file stays behind."""
        if self._thread is not None:
            self._wake.close()
            self._thread.join()
            self._thread = None

    def forget_sessions(self) -> None:
        """As a node whose database was lost."""
        self.marks.clear()

    def wait_records(self, count: int, seconds: float = PATIENCE) -> list[Map]:
        """The records, once there are `count` of them."""
        self.wait(lambda: len(self.records) >= count, seconds)
        return self.records

    def wait(self, condition: Any, seconds: float = PATIENCE) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, seconds), f"{len(self.records)} records after {seconds} s"

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector, self._listener, self._end:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._end, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._end:
                        self._close_all(selector)
                        return
                    if key.fileobj is self._listener:
                        self._accept(selector)
                    else:
                        self._read(key.data, selector)
                with self._changed:
                    self._changed.notify_all()

    def _accept(self, selector: selectors.BaseSelector) -> None:
        sock, _ = self._listener.accept()
        self.connections += 1
        selector.register(sock, selectors.EVENT_READ, Peer(sock))

    def _close_all(self, selector: selectors.BaseSelector) -> None:
        for key in list(selector.get_map().values()):
            if isinstance(key.data, Peer):
                key.data.socket.close()

    def _read(self, peer: Peer, selector: selectors.BaseSelector) -> None:
        try:
            data = peer.socket.recv(1 << 20)
        except OSError:
            data = b""
        self.bytes += data
        peer.buffer += data
        if not data or not (self.manners.hang or self._batch(peer, peer.messages())):
            selector.unregister(peer.socket)
            peer.socket.close()

    def _batch(self, peer: Peer, messages: list[Map]) -> bool:
        """Answer a batch; False: close the connection."""
        if messages and "hello" in messages[0]:
            self._greet(peer, messages.pop(0))
        if not messages:
            return True
        if peer.session is None:
            return self._single(peer, messages[0])
        return self._records(peer, peer.session, messages)

    def _greet(self, peer: Peer, hello: Map) -> None:
        session = hello["session"]
        peer.session = session if isinstance(session, bytes) else bytes.fromhex(session)
        assert len(peer.session) == 16
        peer.say({"hello": 1, "node": "fake", "next": self.marks.get(peer.session, 0) + 1})

    def _single(self, peer: Peer, record: Map) -> bool:
        self.records.append(record)
        peer.say({"ack": 1, **self.manners.known})
        return True

    def _records(self, peer: Peer, session: bytes, records: list[Map]) -> bool:
        manners = self.manners
        if manners.error is not None and manners.errors > 0:
            manners.errors -= 1
            peer.say(manners.error)
            return False
        if manners.drop_connections:
            manners.drop_connections -= 1
            return False
        for record in records:
            self.seen.append((session, record))
            if record["seq"] > self.marks.get(session, 0) + 1:
                peer.say({"error": "gap", "next": self.marks.get(session, 0) + 1})
                return False
            self._count(session, record)
        if manners.lose_acks:
            manners.lose_acks -= 1
            return False
        if not manners.hold_acks:
            peer.say(self._answer(session, records))
        return True

    def _count(self, session: bytes, record: Map) -> None:
        if record["seq"] == self.marks.get(session, 0) + 1:
            self.marks[session] = record["seq"]
            if not self.manners.refuse:
                self.records.append(record)

    def _answer(self, session: bytes, records: list[Map]) -> Map:
        refused = [{"seq": r["seq"], "reason": self.manners.refuse} for r in records if self.manners.refuse]
        known = [{"seq": r["seq"], **self.manners.known} for r in records if r.get("want")]
        return {"ack": self.marks[session], "refused": refused, "known": known}


def frame(message: Map) -> bytes:
    """`message` as it goes over the wire."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "big") + body


def unpack(body: bytes) -> Map:
    return msgspec.msgpack.decode(body)


def read_spool(path: Path) -> tuple[bytes, list[Map]]:
    """Session and records of a spool file, as the node drains it."""
    peer = Peer(socket.socket(socket.AF_UNIX))
    peer.socket.close()
    peer.buffer = path.read_bytes()
    hello, *records = peer.messages()
    session = hello["session"]
    assert not peer.buffer, "a torn record at the end of a spool"
    return session if isinstance(session, bytes) else bytes.fromhex(session), records
