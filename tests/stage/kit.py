"""A node's ingest on real sockets and a real store, without the rest of the node; and somebody who talks to it."""

import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import trio

from aggregator.record import ErrorRecord
from aggregator.tally import Seen
from node.config import Places
from node.config.file import build
from node.ingest import Ingest
from node.ingest.desk import Counting as Counts
from node.store import Store, StoreError, open_store
from node.store.samples import Sample
from node.tally import Counting, open_counting
from tests.sender import LENGTH_BYTES, Map, frame

NOW = 1_700_000_100.0
WINDOW = 900
LOOKBACK = 86_400.0
PATIENCE = 60.0  # seconds for what a busy machine does in the end


class FakeClock:
    """A clock that a test sets."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def elapsed(self) -> float:
        return self.time


class Signed(NamedTuple):
    name: str
    root: str
    title: str
    kin: str


class FakeNaming:
    """Names an error by type and message."""

    def sign(self, record: ErrorRecord) -> Signed:
        name = "s1-" + hashlib.sha256(f"{record.type_name}{record.message}".encode()).hexdigest()[:32]
        return Signed(name, name, f"{record.type_name}: {record.message}", name[3:19])

    def severity(self, record: ErrorRecord) -> str:
        return "medium"


@dataclass
class Running:
    """What a test can look into."""

    ingest: Ingest
    store: Store
    counting: Counting
    gate: "Gate"
    places: Places
    clock: FakeClock
    scope: trio.CancelScope
    talkers: list["Talker"] = field(default_factory=list["Talker"])

    def counts(self) -> dict[str, int]:
        """Occurrences by title."""
        ledger = self.counting.ledger
        totals = [ledger.total([signature]) for signature in ledger.signatures()]
        return {total.title: total.count for total in totals if total}

    async def talk(self) -> "Talker":
        """A new connection, closed at the end."""
        talker = Talker(await trio.open_unix_socket(str(self.places.ingest)))
        self.talkers.append(talker)
        return talker

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when `condition` holds, of something that nobody announces."""
        with trio.fail_after(PATIENCE):
            while not condition():  # noqa: ASYNC110  # see above
                await trio.sleep(0.005)


class Talker:
    """One connection, MessagePack or JSON."""

    patience = PATIENCE  # seconds that an answer may take

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._buffer = b""

    async def hello(self, session: bytes = b"s" * 16) -> Map:
        await self.send({"hello": 1, "session": session})
        return await self.answer()

    async def send(self, *messages: Map) -> None:
        await self.stream.send_all(b"".join(map(frame, messages)))

    async def answer(self) -> Map:
        size = int.from_bytes(await self._take(LENGTH_BYTES), "big")
        return msgspec.msgpack.decode(await self._take(size), type=dict[str, Any])

    async def line(self) -> Map:
        """The next answer in JSON."""
        while b"\n" not in self._buffer:
            self._buffer += await self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return msgspec.json.decode(line, type=dict[str, Any])

    async def ended(self) -> bool:
        """Whether the node closes now, with nothing more to say."""
        return not self._buffer and not await self.stream.receive_some(1)

    async def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._buffer += await self._receive()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    async def _receive(self) -> bytes:
        with trio.fail_after(self.patience):
            data = bytes(await self.stream.receive_some(65536))
        assert data, "the node closed the connection"
        return data


def places_in(directory: Path) -> Places:
    return Places(
        directory=directory / "state",
        ingest=directory / "ingest.sock",
        datagram=directory / "datagram.sock",
        control=directory / "control.sock",
        spools=(directory / "spool",),
    )


class Gate:
    """Counting that waits until it is let through, or told to fail."""

    def __init__(self, counting: Counts) -> None:
        self.origin = counting.origin
        self.open = trio.Event()
        self.open.set()
        self.trouble: StoreError | None = None
        self._counting = counting

    def shut(self) -> None:
        self.open = trio.Event()

    async def count(self, seen: Sequence[Seen], marks: Mapping[bytes, int], kept: Sequence[Sample]) -> None:
        await self.open.wait()
        if self.trouble:
            raise self.trouble
        await self._counting.count(seen, marks, kept)

    async def keep(self, kept: Sequence[Sample]) -> None:
        await self._counting.keep(kept)


@asynccontextmanager
async def ingesting(directory: Path, clock: FakeClock | None = None, **settings: object) -> AsyncGenerator[Running]:
    """Ingest that listens in `directory`. `settings` by key, with `__` for the dot."""
    config = build({key.replace("__", "."): value for key, value in settings.items()})
    places, clock = places_in(directory), clock or FakeClock()
    async with open_store(places.directory) as store:
        counting = await open_counting(store, "alice", WINDOW, LOOKBACK, clock)
        gate = Gate(counting)
        ingest = Ingest(config, places, store, gate, FakeNaming(), clock, lambda root: f"issue of {root[:6]}")
        async with trio.open_nursery() as nursery:
            await nursery.start(ingest.run)
            node = Running(ingest, store, counting, gate, places, clock, nursery.cancel_scope)
            try:
                yield node
            finally:
                nursery.cancel_scope.cancel()
                for talker in node.talkers:
                    talker.stream.socket.close()
