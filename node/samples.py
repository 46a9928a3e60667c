"""Samples of other nodes: kept at their origin and at two of its neighbours, fetched by id by whoever needs one.

A tally names the ids; the records themselves are never gossiped. Who looks for one asks its neighbours, and they ask
theirs: two steps reach everybody in a fleet with a few links per node. A record that comes from outside is checked,
redacted once more and bounded like everything else. A node hands out only its own, and of each other node so many bytes
a day are kept; beyond that they are counted, and stay at their origin.

The queue of samples to hand out holds 256. When it is full the oldest is left out and counted: it stays at its origin.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec
import structlog
import trio

from aggregator.fleet import Fleet
from aggregator.history import DAY
from aggregator.page import RUN_CHARS
from aggregator.record import BadRecord, ErrorRecord, decode, encode
from aggregator.sample import SLOTS, redacted
from node.clock import Clock
from node.store import Store, StoreError, samples
from node.store.samples import Sample

PROTOCOL = "/error-aggregator/sample/1"
DEADLINE = 5.0  # seconds for an answer
HOPS = 2  # neighbours, and theirs
COPIES = 2  # neighbours that a sample is handed to
QUEUE = 256  # samples
RECORD_BYTES = 256 * 1024
SHARE_BYTES = 32 * 1024 * 1024  # of one other node's samples of one day
LOOK = 1.0  # seconds between two looks at the queue

log = structlog.get_logger("samples")

Ask = Callable[[str, str, bytes, float], Awaitable[bytes]]


class Get(msgspec.Struct, frozen=True, tag="get"):
    ids: list[str]
    hops: int = 0


class Keep(msgspec.Struct, frozen=True, tag="keep"):
    sample: Sample


Request = Get | Keep

_requests = msgspec.msgpack.Decoder(Request)


class Samples:
    """Reads samples from wherever they are, and hands this node's own to two neighbours."""

    def __init__(self, store: Store, fleet: Fleet, ask: Ask, neighbours: Callable[[], list[str]], clock: Clock) -> None:
        self.counts: Counter[str] = Counter()
        self._store, self._fleet, self._ask, self._neighbours = store, fleet, ask, neighbours
        self._waiting: deque[Sample] = deque(maxlen=QUEUE)
        self._clock = clock
        self._shares: dict[int, Counter[str]] = {}  # bytes by day, by peer

    def made(self, some: Iterable[Sample]) -> None:
        """Own samples are committed: hand them out when there is time."""
        for each in some:
            self.counts["left_out"] += len(self._waiting) == QUEUE
            self._waiting.append(each)

    async def run(self) -> None:
        """Hand out until cancelled."""
        while True:
            await trio.sleep(LOOK)
            peers = self._neighbours()[:COPIES]
            while self._waiting and peers:
                request = msgspec.msgpack.encode(Keep(self._waiting.popleft()))
                for peer in peers:
                    await self._try(peer, request)

    async def read(self, ids: Sequence[str]) -> ErrorRecord | None:
        """The first of these samples that can be had, here or elsewhere."""
        data = await self._local(ids) or await self._elsewhere(list(ids), HOPS)
        return _record(data) if data else None

    async def handle(self, peer: str, request: bytes) -> bytes:
        """Answer a neighbour: a record, or nothing."""
        if self._fleet.why_not(peer) is not None:
            self.counts["refused"] += 1
            return b""
        try:
            wanted = _requests.decode(request)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.counts["malformed"] += 1
            return b""
        if isinstance(wanted, Keep):
            await self._keep(peer, wanted.sample)
            return b""
        ids = wanted.ids[:8]
        return await self._local(ids) or await self._elsewhere(ids, min(wanted.hops, HOPS - 1), but=peer)

    async def _local(self, ids: Sequence[str]) -> bytes:
        for each in ids:
            found = await self._store.read(lambda db, each=each: samples.find(db, each))
            if found:
                return found
        return b""

    async def _elsewhere(self, ids: list[str], hops: int, but: str = "") -> bytes:
        """What a neighbour has, or gets from its neighbours."""
        if hops <= 0 or not ids:
            return b""
        request = msgspec.msgpack.encode(Get(ids, hops - 1))
        for peer in self._neighbours():
            data = await self._try(peer, request) if peer != but else b""
            if data and _record(data) is not None:
                return data
        return b""

    async def _try(self, peer: str, request: bytes) -> bytes:
        try:
            return await self._ask(peer, PROTOCOL, request, DEADLINE)
        except OSError as error:
            self.counts["unreachable"] += 1
            log.debug("no answer", peer=peer, reason=str(error))
            return b""

    async def _keep(self, peer: str, sample: Sample) -> None:
        """Keep a neighbour's own sample, if it is one, as far as its share of the day allows."""
        record = _record(sample.record)
        if record is None or not _in_order(peer, sample, int(self._clock.now() // DAY)):
            self.counts["malformed"] += 1
            return
        self._shares.setdefault(sample.day, Counter())
        self._shares = {day: shares for day, shares in self._shares.items() if day >= sample.day - 2}
        self._shares[sample.day][peer] += len(sample.record)
        if self._shares[sample.day][peer] > SHARE_BYTES:
            self.counts["beyond_share"] += 1
            return
        try:
            kept = encode(redacted(record, {"node": peer}))
            await self._store.commit([samples.put([sample._replace(record=kept)])])
        except StoreError as error:
            log.warning("a sample was not kept", reason=str(error))


def _in_order(peer: str, sample: Sample, today: int) -> bool:
    """Whether it is the sender's own and of these days: nobody fills, or writes over, what is another's."""
    return (
        sample.origin.peer == peer
        and len(sample.origin.run) == RUN_CHARS
        and abs(sample.day - today) <= 1
        and 0 <= sample.slot < SLOTS
        and 0 < len(sample.id) <= 64
        and 0 < len(sample.signature) <= 64
    )


def _record(data: bytes) -> ErrorRecord | None:
    """What others send, checked."""
    if len(data) > RECORD_BYTES:
        return None
    try:
        return decode(data)
    except BadRecord:
        return None
