"""Questions about counts that this node does not keep, put to a keeper; and the answers of a node that is one.

The keepers are asked in the order of their rank: who is no neighbour is linked with first, and who does not answer in
time, or says what makes no sense, is followed by the next. What a member says is read here and counted where it cannot
be; it is shown and nothing else, so a member that lies deceives who looks, and changes no count.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, TypeVar

import msgspec
import structlog
import trio

from aggregator.brief import brief
from aggregator.fleet import Fleet
from aggregator.keepers import NO_REPOSITORY
from aggregator.question import Answered, Question, answered
from aggregator.unreadable import UNREADABLE
from node.asked import NO_ANSWER, question_of
from node.clock import Clock

PROTOCOL = "/error-aggregator/question/1"
DEADLINE = 3.0  # seconds for one keeper, with the time until it is linked
PATIENCE = 8.0  # seconds for all of them: less than who looks waits for this node
AT_ONCE = 3  # keepers that are to be linked while the first is asked
LOOK = 0.1  # seconds between two looks whether a link has come

log = structlog.get_logger("relay")

Ask = Callable[[str, str, bytes, float], Awaitable[bytes]]
Rows = Callable[[Question], Awaitable[Iterable[object]]]
T = TypeVar("T")

_questions = msgspec.msgpack.Decoder(Question)
_answers = msgspec.msgpack.Decoder(Answered)

WRONG = (*UNREADABLE, ValueError)


class Said(NamedTuple):
    """What a keeper answered."""

    keeper: str
    rows: list[msgspec.Raw]
    left_out: int


async def nothing(_question: Question) -> Iterable[object]:
    """What a node answers that has nothing to show."""
    return ()


class Relay:
    """Satisfies `node.control.view.KeepersView`. `reach`: links this node with some peers for a while.

    `candidates`: repositories that this node may file for. `rows`: what this node shows, to be set by who wires it.
    """

    def __init__(
        self,
        fleet: Fleet,
        ask: Ask,
        reach: Callable[[Iterable[str]], None],
        neighbours: Callable[[], list[str]],
        candidates: Callable[[], list[str]],
        clock: Clock,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.rows: Rows = nothing
        self._fleet, self._ask, self._reach, self._neighbours = fleet, ask, reach, neighbours
        self._candidates, self._clock = candidates, clock
        self._turn = trio.CapacityLimiter(1)  # making the rows is work: one after the other

    async def handle(self, peer: str, request: bytes) -> bytes:
        """Answer a member. Who is none, and what is no question, are counted and get an empty answer."""
        question = question_of(peer, request, _questions, self._fleet, self.counts)
        if question is None:
            return NO_ANSWER
        if not self._has_all(question.repository):
            self.counts["not_kept"] += 1
            return msgspec.msgpack.encode(Answered(keeps=False))
        async with self._turn:
            rows = await self.rows(question)
        self.counts["answered"] += 1
        return msgspec.msgpack.encode(answered(rows))

    def elsewhere(self) -> list[str]:
        """The repositories whose counts others keep, lower case; none in a fleet that is not spread."""
        keeping = self._fleet.keeping
        if not keeping.spread:
            return []
        return [each for each in keeping.known(self._candidates()) if not keeping.keeps(each)]

    def holds(self, repository: str) -> bool:
        """Whether anything about it is here: else nobody misses an answer."""
        return repository != NO_REPOSITORY or repository in self._fleet.keeping.shelves.repositories()

    async def ask(self, question: Question, read: Callable[[Said], T]) -> T | None:
        """What `read` makes of the answer of the first keeper that gives one; None when none does."""
        keepers = [peer for peer in self._fleet.keeping.keepers.of(question.repository) if peer != self._fleet.me.peer]
        self._reach(keepers[:AT_ONCE])
        with trio.move_on_after(PATIENCE):
            for keeper in keepers:
                said = await self._asked(keeper, question, read)
                if said is not None:
                    self.counts["asked"] += 1
                    return said
        self.counts["unanswered"] += 1
        return None

    async def _asked(self, keeper: str, question: Question, read: Callable[[Said], T]) -> T | None:
        try:
            with trio.fail_after(DEADLINE):
                await self._linked(keeper)
                data = await self._ask(keeper, PROTOCOL, msgspec.msgpack.encode(question), DEADLINE)
            found = _answers.decode(data)
            said = read(Said(keeper, found.rows, found.left_out)) if found.keeps else None
        except (OSError, trio.TooSlowError) as error:
            self._passed_over(keeper, "unreachable", str(error) or f"no answer within {DEADLINE:g} s")
            return None
        except WRONG as error:
            self._passed_over(keeper, "nonsense", brief(error))
            return None
        if not found.keeps:
            self._passed_over(keeper, "no_keeper", "it does not take itself for a keeper, or has not all yet")
        return said

    async def _linked(self, peer: str) -> None:
        """Until that peer is a neighbour."""
        while peer not in self._neighbours():  # links tell nobody that they have come
            self._reach([peer])
            await trio.sleep(LOOK)

    def _has_all(self, repository: str) -> bool:
        keeping = self._fleet.keeping
        return keeping.keeps(repository) and keeping.settled(repository, self._clock.elapsed())

    def _passed_over(self, keeper: str, name: str, why: str) -> None:
        self.counts[name] += 1
        log.debug("the next keeper is asked", peer=keeper, reason=why)
