"""The ceiling `C`: the least that one trio process must do to take records durably.

Frames parsed in place, the head decoded, stack and message hashed, a group commit in a worker thread, one
acknowledgement per batch. No sessions, no pages, no signature: what the node does beyond this is its price.
`python -m tests.benchmarks.ceiling SOCKET DATABASE` serves one connection.
"""

import socket
import sqlite3
import struct
import sys
from pathlib import Path

import msgspec
import trio

READ_BYTES = 512 * 1024
LENGTH = struct.Struct(">I")


class Head(msgspec.Struct, gc=False):
    """What the node's own head has that is used for every record."""

    message: str = ""
    seq: int = 0
    count: int = 1
    exceptions: msgspec.Raw = msgspec.Raw()


class Ceiling:
    """Counts by hash; the groups that wait are written together."""

    def __init__(self, sock: socket.socket, database: Path) -> None:
        self._socket = sock
        self._database = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("CREATE TABLE counts (name INTEGER PRIMARY KEY, count INTEGER)")
        self._counts: dict[int, int] = {}
        self._last = 0
        self._changed = trio.Event()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._commit)
            await self._read()
            nursery.cancel_scope.cancel()

    async def _read(self) -> None:
        buffer = bytearray(READ_BYTES * 2)
        view = memoryview(buffer)
        decode = msgspec.msgpack.Decoder(Head).decode
        rest = 0
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            size = self._socket.recv_into(view[rest : rest + READ_BYTES])
            if not size:
                return
            start, end = 0, rest + size
            while end - start >= LENGTH.size:
                stop = start + LENGTH.size + LENGTH.unpack_from(view, start)[0]
                if stop > end:
                    break
                head = decode(view[start + LENGTH.size : stop])
                name = hash((head.message, bytes(head.exceptions)))
                self._counts[name] = self._counts.get(name, 0) + head.count
                self._last = head.seq
                start = stop
            rest = end - start
            view[:rest] = bytes(view[start:end])
            self._changed.set()

    async def _commit(self) -> None:
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            counts, self._counts, last = self._counts, {}, self._last
            await trio.to_thread.run_sync(self._write, counts)
            body = msgspec.msgpack.encode({"ack": last})
            self._socket.send(LENGTH.pack(len(body)) + body)

    def _write(self, counts: dict[int, int]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany(
            "INSERT INTO counts VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            list(counts.items()),
        )
        self._database.execute("COMMIT")


def main() -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
    while True:
        connection, _ = listener.accept()
        if connection.recv(1, socket.MSG_PEEK):  # a probe sends nothing
            connection.setblocking(False)
            trio.run(Ceiling(connection, Path(sys.argv[2])).run)
            return


if __name__ == "__main__":
    main()
