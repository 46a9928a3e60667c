"""Who is a neighbour, and whether it belongs to this fleet: the introduction that every link begins with.

The private network key keeps strangers from connecting; it does not make a member. So as soon as a neighbour appears,
each side shows its chain of signatures, or an invitation by which it is let in now (`door.py`). Who shows none that
holds within a few seconds is cut off, logged once and counted; until then nothing it says counts and nothing is
answered. A member that this node did not know yet is entered into the book, and so becomes known to all.
"""

from collections import Counter
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog
import trio

from aggregator.accept import Refusal
from aggregator.fleet import Fleet
from aggregator.hello import PROTOCOL, Hello, NotWelcome, read_hello, refusal
from aggregator.member import Member
from aggregator.reason import Reason
from node.store import StoreError

DEADLINE = 5.0  # seconds for an answer
PATIENCE = 3.0  # seconds that a neighbour has to introduce itself after its answer failed
SHUT_OUT = 30.0  # seconds that a stranger, once cut off, is not let in again
REMEDY = "ask for a new invitation (aggregator invite), then aggregator join, and restart this node"
LOOK = 0.5  # seconds between two looks at who is there

log = structlog.get_logger("peers")


class Stranger(Exception):
    """Somebody who could not show that it is a member; the text says why, `reason` names it."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Links(Protocol):
    def neighbours(self) -> list[str]: ...

    async def ask(self, peer: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        """Raises OSError when there is no answer."""
        ...

    async def disconnect(self, peer: str) -> None: ...


class Door(Protocol):
    """Who lets in, and what this node shows of itself. Raises `StoreError`."""

    def chain(self) -> bytes: ...

    def path(self) -> list[bytes]: ...

    async def welcome(self, peer: str, chain: bytes, path: list[bytes]) -> Member | Refusal: ...

    async def learn(self, chain: bytes) -> None: ...


class Introductions:
    """Introduces this node to its neighbours and learns who they are."""

    def __init__(
        self,
        fleet: Fleet,
        hello: Hello,
        door: Door,
        links: Links,
        met: Callable[[], None],
    ) -> None:
        self.refused: Counter[str] = Counter()
        self.hellos: dict[str, Hello] = {}
        self._fleet, self._hello, self._door, self._links, self._met = fleet, hello, door, links, met
        self._shown: set[str] = set()  # neighbours that took this node's word, whatever they said of themselves
        self._heeded: set[str] = set()  # neighbours whose refusal was logged
        self._told: set[str] = set()  # strangers that were logged
        self._shut_out: dict[str, float] = {}  # strangers that were cut off, and until when on trio's clock

    async def run(self) -> None:
        """Until cancelled: one task for each neighbour that this node has not introduced itself to."""
        busy: set[str] = set()
        async with trio.open_nursery() as nursery:
            while True:
                neighbours = set(self._links.neighbours())
                self.hellos = {peer: hello for peer, hello in self.hellos.items() if peer in neighbours}
                self._shown &= neighbours
                for peer in neighbours - busy - self._shown:
                    busy.add(peer)
                    nursery.start_soon(self._introduce, peer, busy)
                await trio.sleep(LOOK)

    async def handle(self, peer: str, request: bytes) -> bytes:
        """A neighbour introduces itself. Who is no member is told why, so that its own log can say what to do."""
        try:
            chain, shown = await self._welcome(peer, request)
        except Stranger as stranger:
            return msgspec.msgpack.encode(NotWelcome(stranger.reason))
        return self._words(b"" if chain == shown.chain else chain)

    def may_link(self, peer: str) -> bool:
        """Whether a link with this peer is kept: banned peers are cut, unknown ones may introduce themselves.

        Not again and again: who has just been refused would else fill the log with coming and going.
        """
        shut_out = self._shut_out.get(peer, 0.0) > trio.current_time()
        return not shut_out and self._fleet.why_not(peer) is not Reason.BANNED

    async def _introduce(self, peer: str, busy: set[str]) -> None:
        try:
            answer = await self._links.ask(peer, PROTOCOL, self._words(), DEADLINE)
            refused = refusal(answer)
            if not refused:
                _, hello = await self._welcome(peer, answer)
                await self._door.learn(hello.member)
                self._shown.add(peer)
        except (OSError, Stranger) as error:
            await trio.sleep(PATIENCE)
            await self._part(peer, str(error))
        except StoreError as error:
            log.error("member not entered", peer=peer, reason=str(error), remedy="tried again in a moment")
            await trio.sleep(PATIENCE)
        else:
            if refused:
                await trio.sleep(PATIENCE)  # by then it has introduced itself, if it is one of ours
                self._heed(peer, refused)
                await self._part(peer, "it refused this node")
        finally:
            busy.discard(peer)

    async def _part(self, peer: str, why: str) -> None:
        """Cut off who has not shown that it is a member."""
        if self._fleet.why_not(peer) is None:
            return
        log.debug("cut off", peer=peer, reason=why)
        if peer in self._told:
            now = trio.current_time()
            self._shut_out = {each: until for each, until in self._shut_out.items() if until > now}
            self._shut_out[peer] = now + SHUT_OUT
        await self._links.disconnect(peer)

    def _heed(self, peer: str, name: str) -> None:
        """Say it where it helps: this node's own log, once a neighbour. A stranger's word is worth none."""
        if peer in self._told or peer in self._heeded:
            return
        self._heeded = (self._heeded if len(self._heeded) < 1000 else set()) | {peer}
        reason = Reason[name].value if name in Reason.__members__ else "is not welcome"
        log.warning("refused by a node of the fleet", peer=peer, reason=f"this node {reason}", remedy=REMEDY)

    def _words(self, member: bytes = b"") -> bytes:
        said = msgspec.structs.replace(self._hello, chain=self._door.chain(), path=self._door.path(), member=member)
        return msgspec.msgpack.encode(said)

    async def _welcome(self, peer: str, data: bytes) -> tuple[bytes, Hello]:
        """Its chain, and what it said of itself. Raises `Stranger`, and `StoreError`."""
        hello = read_hello(data)
        if hello is None:
            raise self._stranger(peer, "MALFORMED", "its introduction cannot be read")
        if hello.length != self._hello.length:
            raise self._stranger(
                peer, "OTHER_WINDOW", f"its windows last {hello.length} s, ours {self._hello.length} s"
            )
        member = await self._door.welcome(peer, hello.chain, hello.path)
        if isinstance(member, Refusal):
            raise self._stranger(peer, member.reason.name, member.text or member.reason.value)
        self.hellos[peer] = hello
        self._met()
        return msgspec.msgpack.encode(member), hello

    def _stranger(self, peer: str, reason: str, text: str) -> Stranger:
        """One line for each stranger, however often it comes; every time is counted. Who is new comes again, as one."""
        self.refused[reason] += 1
        if peer not in self._told and reason != Reason.NOT_LET_IN.name:
            self._told = (self._told if len(self._told) < 1000 else set()) | {peer}
            log.warning("stranger refused", peer=peer, reason=text)
        return Stranger(reason, text)
