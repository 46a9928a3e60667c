"""New keys of the fleet on their way from member to member.

    rotate-key ──▶ this node: keep, use, tell ──▶ every member it is linked with ──▶ theirs …

Two members that meet exchange what they know of the keys, once, and again when either has news; each keeps what the
fleet's key has signed (`aggregator/fleetkey.py`), writes it into its fleet file before it uses it, and tells on. So a
new network key reaches everybody who is linked, directly or not, within seconds, and no link is cut for it. Who is away
comes back with the key it had: for the time of grace that key still opens the door, and the first member it meets tells
it the rest. Who is away for longer is in nobody's reach, and needs a new invitation; its counts and its membership are
untouched.

Keys are told to members in good standing only, each of whom has shown its chain on this very link. So a banned node
does not learn the next key, and has lost the network when the grace ends.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import structlog
import trio

from aggregator.fleet import Fleet
from aggregator.fleetkey import Keys
from aggregator.moment import rfc3339
from node.clock import Clock
from node.control.done import Renewed
from node.fleet import NAME, FleetError, FleetFile, read, save

PROTOCOL = "/error-aggregator/keys/1"
LOOK = 1.0  # seconds between two looks at who has to be told, and at which key's grace has ended
DEADLINE = 5.0  # seconds for an answer

log = structlog.get_logger("rotation")

_keys = msgspec.msgpack.Decoder(Keys)


class Ask(Protocol):
    async def __call__(self, peer: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        """Raises OSError when there is no answer."""
        ...


class Rotation:
    """The keys of this node. `use`: dial with the first network key, accept the others. `neighbours`: introduced."""

    def __init__(
        self,
        file: FleetFile,
        directory: Path,
        fleet: Fleet,
        ask: Ask,
        neighbours: Callable[[], list[str]],
        use: Callable[[list[str]], None],
        clock: Clock,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.file = file
        self._directory, self._fleet, self._ask, self._neighbours = directory, fleet, ask, neighbours
        self._use, self._clock = use, clock
        self._told: dict[str, Keys] = {}  # what a neighbour and this node both know
        self._in_use = file.psks(clock.now())
        self._turn = trio.Lock()
        self._news = trio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._use_accepted()
            await self._tell_all()
            with trio.move_on_after(LOOK):
                await self._news.wait()
            self._news = trio.Event()

    async def renew(self, keys: Keys) -> Renewed:
        """What `rotate-key` made here. Raises `FleetError` when it is not the fleet's, or cannot be kept."""
        before = self.file.shared()
        if not await self._learn(keys) and not _within(keys, before):
            raise FleetError(
                f"{self._directory / NAME}: these keys are not signed by this fleet, or older than its own"
            )
        await self._tell_all()
        told = [peer for peer in self._neighbours() if self._told.get(peer) == self.file.shared()]
        members = {member.peer for member in self._fleet.roster.members()} - {self._fleet.me.peer, *told}
        newest = self.file.network_keys[0]
        return Renewed(
            generation=newest.generation,
            until=rfc3339(newest.until),
            fleet_keys=len(self.file.keys),
            told=sorted(told),
            others=sorted(peer for peer in members if self._fleet.why_not(peer) is None),
        )

    async def handle(self, peer: str, request: bytes) -> bytes:
        """A neighbour tells what it knows, and is told. Raises PermissionError (strangers), ValueError (nonsense)."""
        reason = self._fleet.why_not(peer)
        if reason is not None or peer not in self._neighbours():
            self.counts["refused"] += 1
            raise PermissionError(reason.value if reason else "has not introduced itself")
        await self._learn_from(peer, request)
        return msgspec.msgpack.encode(self.file.shared())

    async def _tell_all(self) -> None:
        there = set(self._neighbours())
        self._told = {peer: keys for peer, keys in self._told.items() if peer in there}
        async with trio.open_nursery() as nursery:
            for peer in there:
                if self._told.get(peer) != self.file.shared() and self._fleet.why_not(peer) is None:
                    nursery.start_soon(self._tell, peer)

    async def _tell(self, peer: str) -> None:
        try:
            payload = msgspec.msgpack.encode(self.file.shared())
            answer = await self._ask(peer, PROTOCOL, payload, DEADLINE)
            await self._learn_from(peer, answer)
        except (OSError, ValueError) as error:
            self.counts["failed"] += 1
            log.debug("keys not told", peer=peer, reason=str(error), remedy="tried again in a moment")
        except FleetError as error:
            log.error("new keys are not kept", reason=str(error), remedy="tried again in a moment")
        else:
            self.counts["told"] += 1

    async def _learn_from(self, peer: str, data: bytes) -> None:
        """Raises ValueError (of which msgspec's errors are) on what is no message, and `FleetError`."""
        theirs = _keys.decode(data)
        if await self._learn(theirs):
            log.info("new keys of the fleet", peer=peer, generation=self.file.network_keys[0].generation)
        self._told[peer] = theirs

    async def _learn(self, keys: Keys) -> bool:
        """Keep and use what is new. Returns whether anything was. Raises `FleetError`: then it is not used."""
        async with self._turn:
            new = self.file.learned(keys)
            if new.shared() == self.file.shared():
                return False
            self.file = await trio.to_thread.run_sync(_keep, self._directory, new, keys)
        self._fleet.roster.accept(self.file.keys)
        self._use_accepted()
        self._news.set()
        return True

    def _use_accepted(self) -> None:
        accepted = self.file.psks(self._clock.now())
        if accepted != self._in_use:
            self._in_use = accepted
            self._use(accepted)


def _keep(directory: Path, file: FleetFile, keys: Keys) -> FleetFile:
    """Write the keys into the file as it is on disk now: `join` may have written another chain meanwhile."""
    there = read(directory / NAME)
    new = there.learned(keys).learned(file.shared()) if there and there.id == file.id else file
    save(directory, new)
    return new


def _within(keys: Keys, known: Keys) -> bool:
    """Whether all of it was known: the same command again."""
    return all(key in known.network for key in keys.network) and all(s in known.successions for s in keys.successions)
