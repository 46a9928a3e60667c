"""Truth: every two seconds two neighbours compare what they have, and each asks for what it lacks.

They take turns (`aggregator/turns.py`): while they agree one of them compares, and both know.

The questions and answers are `aggregator/sync.py`; here they travel: MessagePack in requests of the network's
streams. Only members are asked, only members are answered. Each neighbour is asked by a task of its own, so that one
which answers slowly, or never, keeps nothing from the others. A neighbour that fails is asked again the next
time round; one that answers nonsense is counted and left for a minute.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import structlog
import trio

from aggregator.answering import agrees, answer
from aggregator.arrivals import Incoming
from aggregator.brief import brief
from aggregator.fleet import Fleet
from aggregator.questions import Answer, BadAnswer, Compare, Question
from aggregator.sync import Pulled, pull
from aggregator.turns import Turns
from aggregator.unreadable import UNREADABLE
from node.asked import NO_ANSWER, question_of
from node.clock import Clock
from node.store import StoreError

PROTOCOL = "/error-aggregator/sync/1"
DEADLINE = 10.0  # seconds for one answer
PATIENCE = 0.5  # seconds until the next neighbour is asked, though one has not answered all
LOOK = 0.25  # seconds between two rounds at least: a flood of differences is asked about four times a second
TIMEOUT = 60.0  # seconds that a neighbour which answers nonsense is left alone

log = structlog.get_logger("sync")

_questions = msgspec.msgpack.Decoder(Question)
_answers = msgspec.msgpack.Decoder(Answer)


Take = Callable[[Incoming], Awaitable[None]]


class Unreachable(OSError):
    """A question that got no answer; the text says why."""


class Ask(Protocol):
    async def __call__(self, peer: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        """Raises `Unreachable`."""
        ...


class Sync:
    """Pulls from neighbours, answers theirs."""

    def __init__(
        self,
        fleet: Fleet,
        ask: Ask,
        neighbours: Callable[[], list[str]],
        take: Take,
        clock: Clock,
        length: int,
        pulled: Callable[[], None],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.compared: dict[str, float] = {}  # by neighbour: when all that it had was here, on the elapsed clock
        self._fleet, self._ask, self._neighbours, self._take = fleet, ask, neighbours, take
        self._clock, self._length, self._pulled = clock, length, pulled
        self._left_alone: dict[str, float] = {}
        self._asked: dict[str, trio.Event] = {}  # neighbours whose answers are awaited
        self._turns = Turns()
        self._differs = trio.Event()  # a neighbour has found a difference
        self._draw = random.Random()  # noqa: S311  # jitter is no secret

    async def run(self) -> None:
        """Until cancelled. One after the other, so that pages are fetched once; who is slow is not waited for."""
        async with trio.open_nursery() as nursery:
            while True:
                self._differs = trio.Event()
                neighbours = self._neighbours()
                self._turns.keep(neighbours)
                for peer in neighbours:
                    if self._may_ask(peer):
                        done = self._asked[peer] = trio.Event()
                        nursery.start_soon(self._ask_all, peer)
                        with trio.move_on_after(PATIENCE):
                            await done.wait()
                await self._wait_turn()

    async def _wait_turn(self) -> None:
        """Until a neighbour is to be asked, by the clock or because it found a difference; new ones are soon seen."""
        free = [peer for peer in self._neighbours() if peer not in self._asked]
        with trio.move_on_after(max(LOOK, self._turns.wait(free, self._clock.elapsed()))):
            await self._differs.wait()

    async def handle(self, peer: str, request: bytes) -> bytes:
        """Answer a neighbour. A stranger, and what is no question, are counted and get an empty answer."""
        question = question_of(peer, request, _questions, self._fleet, self.counts)
        if question is None:
            return NO_ANSWER
        self.counts["answered"] += 1
        if isinstance(question, Compare):
            self._heard(peer, question)
        return msgspec.msgpack.encode(answer(question, self._fleet.has))

    def _heard(self, peer: str, question: Compare) -> None:
        """A neighbour compares: who agrees with it has all that it has, as if this node had asked."""
        agreed = agrees(question, self._fleet.has)
        self._turns.heard(peer, agreed, self._clock.elapsed())
        if agreed:
            # What lies below the horizon of who asks was not compared, and may be nowhere but here.
            if question.horizon <= self._fleet.has.ledger.horizon:
                self._elsewhere(self._fleet.alone.mark())
            self._note(peer)
        else:
            self._differs.set()

    def _elsewhere(self, mark: int) -> None:
        """All own pages of before `mark` are at a neighbour. While the fleet is spread, only the book was compared."""
        if not self._fleet.keeping.spread:
            self._fleet.alone.agreed(mark)

    async def _ask_all(self, peer: str) -> None:
        self._turns.asked(peer, self._clock.elapsed(), self._draw.random())
        try:
            await self._pull_from(peer)
        finally:
            self._asked.pop(peer).set()

    def _may_ask(self, peer: str) -> bool:
        if peer in self._asked or not self._turns.mine(peer, self._clock.elapsed()):
            return False
        until = self._left_alone.get(peer, 0.0)
        return self._clock.elapsed() >= until and self._fleet.why_not(peer) is None

    async def _pull_from(self, peer: str) -> None:
        mark = self._fleet.alone.mark()
        try:
            pulled = await self._exchange(peer)
            incoming = self._fleet.pulled(pulled, self._clock.now())
            await self._take(incoming)
        except Unreachable as error:
            self.counts["unreachable"] += 1
            log.debug("no answer", peer=peer, reason=str(error))
        except (BadAnswer, *UNREADABLE) as error:
            self.counts["nonsense"] += 1
            self._left_alone[peer] = self._clock.elapsed() + TIMEOUT
            log.warning(
                "a neighbour answers nonsense", peer=peer, reason=brief(error), remedy="asked again in a minute"
            )
        except StoreError as error:
            log.error("not taken", reason=str(error), remedy="asked again at the next comparison")
        else:
            self.counts["compared"] += 1
            self.counts["pages"] += len(pulled.pages)
            if pulled.same:
                self._elsewhere(mark)
            if incoming.complete:
                self._note(peer)

    def _note(self, peer: str) -> None:
        """All that this neighbour has is here."""
        there = set(self._neighbours())
        self.compared = {each: at for each, at in self.compared.items() if each in there}
        self.compared[peer] = self._clock.elapsed()
        self._fleet.keeping.gathered(self._clock.elapsed())
        self._pulled()

    async def _exchange(self, peer: str) -> Pulled:
        now = self._clock.now()
        open_from = (int(now) // self._length - 1) * self._length
        steps = pull(self._fleet.has, open_from, now, self._fleet.refused)
        reply: Answer | None = None
        while True:
            try:
                question = next(steps) if reply is None else steps.send(reply)
            except StopIteration as end:
                return end.value
            data = await self._ask(peer, PROTOCOL, msgspec.msgpack.encode(question), DEADLINE)
            self.counts["bytes"] += len(data)
            reply = _answers.decode(data)
