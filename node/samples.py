"""Samples of other nodes: kept at their origin and at two of its neighbours, fetched by id by whoever needs one.

A tally names the ids; the records themselves are never gossiped. Who looks for one asks its neighbours, and they ask
theirs: two steps reach everybody in a fleet with a few links per node. Its origin has signed it
(`aggregator/sealed.py`), so whoever is asked can give no other. A record that comes from outside is checked, redacted
once more before it is shown, and bounded like everything else. A node hands out only its own, and of each other node
so many bytes a day are kept; beyond that they are counted, and stay at their origin.

The queue of samples to hand out holds 256. When it is full the oldest is left out and counted: it stays at its origin.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec
import structlog
import trio

from aggregator import sealed
from aggregator.fleet import Fleet
from aggregator.history import DAY
from aggregator.page import RUN_CHARS, Origin
from aggregator.record import BadRecord, ErrorRecord, decode, encode
from aggregator.sample import SLOTS, redacted
from aggregator.sealed import RECORD_BYTES, Sealed
from node.asked import NO_ANSWER, question_of
from node.clock import Clock
from node.store import Store, StoreError, samples
from node.store.samples import Sample

PROTOCOL = "/error-aggregator/sample/1"
DEADLINE = 5.0  # seconds for an answer
HOPS = 2  # neighbours, and theirs
COPIES = 2  # neighbours that a sample is handed to
QUEUE = 256  # samples
SHARE_BYTES = 32 * 1024 * 1024  # of one other node's samples of one day
LOOK = 1.0  # seconds between two looks at the queue

log = structlog.get_logger("samples")

Ask = Callable[[str, str, bytes, float], Awaitable[bytes]]


class Get(msgspec.Struct, frozen=True, tag="get"):
    ids: list[str]
    hops: int = 0


class Keep(msgspec.Struct, frozen=True, tag="keep"):
    run: str
    day: int  # days since 1970-01-01
    slot: int
    sealed: Sealed


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
                own = self._waiting.popleft()
                handed = self._sealed(own.id, own.signature, own.record)
                request = msgspec.msgpack.encode(Keep(own.origin.run, own.day, own.slot, handed))
                for peer in peers:
                    await self._try(peer, request)

    async def read(self, ids: Sequence[str]) -> ErrorRecord | None:
        """The first of these samples that can be had, here or elsewhere."""
        found = await self._local(ids) or await self._elsewhere(list(ids), HOPS)
        record = _record(found.record) if found else None
        return redacted(record, {"node": found.peer}) if record and found else None

    async def handle(self, peer: str, request: bytes) -> bytes:
        """Answer a neighbour: a sealed record, or nothing."""
        wanted = question_of(peer, request, _requests, self._fleet, self.counts)
        if wanted is None:
            return NO_ANSWER
        if isinstance(wanted, Keep):
            await self._keep(peer, wanted)
            return NO_ANSWER
        ids = wanted.ids[:8]
        found = await self._local(ids) or await self._elsewhere(ids, min(wanted.hops, HOPS - 1), but=peer)
        return msgspec.msgpack.encode(found) if found else NO_ANSWER

    async def _local(self, ids: Sequence[str]) -> Sealed | None:
        for each in ids:
            row = await self._store.read(lambda db, each=each: samples.to_hand_on(db, each))
            if row and row[0] == self._fleet.me.peer:
                return self._sealed(each, row[1], row[2])
            if row and row[3]:
                return sealed.read(row[3])
        return None

    def _sealed(self, name: str, signature: str, record: bytes) -> Sealed:
        """An own sample with this node's word for it."""
        return self._fleet.sealed(Sealed(self._fleet.me.peer, name, signature, record))

    async def _elsewhere(self, ids: list[str], hops: int, but: str = "") -> Sealed | None:
        """What a neighbour has, or gets from its neighbours."""
        if hops <= 0 or not ids:
            return None
        request = msgspec.msgpack.encode(Get(ids, hops - 1))
        for peer in self._neighbours():
            data = await self._try(peer, request) if peer != but else b""
            found = sealed.read(data) if data else None
            if found and found.name in ids and self._fleet.holds(found) and _record(found.record):
                return found
            self.counts["forged"] += bool(data)
        return None

    async def _try(self, peer: str, request: bytes) -> bytes:
        try:
            return await self._ask(peer, PROTOCOL, request, DEADLINE)
        except OSError as error:
            self.counts["unreachable"] += 1
            log.debug("no answer", peer=peer, reason=str(error))
            return b""

    async def _keep(self, peer: str, given: Keep) -> None:
        """Keep a neighbour's own sample, if it is one, as far as its share of the day allows."""
        record = _record(given.sealed.record)
        if record is None or not _in_order(peer, given, int(self._clock.now() // DAY)):
            self.counts["malformed"] += 1
            return
        if not self._fleet.holds(given.sealed):
            self.counts["forged"] += 1
            return
        if not self._share(peer, given.day, 2 * len(given.sealed.record)):  # as it came, and as it is shown
            self.counts["beyond_share"] += 1
            return
        try:
            await self._store.commit([samples.put([_kept(given, record)])])
        except StoreError as error:
            log.warning("a sample was not kept", reason=str(error))

    def _share(self, peer: str, day: int, size: int) -> bool:
        """Whether a peer's samples of that day may have so many bytes more."""
        self._shares.setdefault(day, Counter())
        self._shares = {each: shares for each, shares in self._shares.items() if each >= day - 2}
        self._shares[day][peer] += size
        return self._shares[day][peer] <= SHARE_BYTES


def _kept(given: Keep, record: ErrorRecord) -> Sample:
    handed = given.sealed
    shown = encode(redacted(record, {"node": handed.peer}))
    origin = Origin(handed.peer, given.run)
    whole = msgspec.msgpack.encode(handed)
    return Sample(origin, handed.signature, given.day, given.slot, handed.name, shown, whole)


def _in_order(peer: str, given: Keep, today: int) -> bool:
    """Whether it is the sender's own and of these days: nobody fills, or writes over, what is another's."""
    return (
        given.sealed.peer == peer
        and len(given.run) == RUN_CHARS
        and abs(given.day - today) <= 1
        and 0 <= given.slot < SLOTS
        and len(given.sealed.name) <= 64
        and len(given.sealed.signature) <= 64
    )


def _record(data: bytes) -> ErrorRecord | None:
    """What others send, checked."""
    if len(data) > RECORD_BYTES:
        return None
    try:
        return decode(data)
    except BadRecord:
        return None
