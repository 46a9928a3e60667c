"""A node's part in a spread fleet: who is no keeper brings its pages to one, keepers compare, what is surplus goes.

What is done with whom is `aggregator/keeping.py`; here are the questions on their way and the disk. In a fleet that is
not spread this looks at its size every two seconds, and does nothing else.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

import msgspec
import structlog
import trio

from aggregator.answering import answer
from aggregator.arrivals import Incoming
from aggregator.book import Ruling
from aggregator.digest import Version
from aggregator.fleet import Fleet
from aggregator.keepers import spread_ruling, visit_every
from aggregator.keeping import Give, Offer, Reply, Request, Shelf, taken_of, wanted_of
from aggregator.page import PageKey
from aggregator.questions import Answer, BadAnswer
from aggregator.sync import Pulled, pull
from aggregator.turns import EVERY
from aggregator.unreadable import UNREADABLE
from node.asked import NO_ANSWER, question_of
from node.clock import Clock
from node.store import StoreError

PROTOCOL = "/error-aggregator/keeping/1"
LOOK = 2.0  # seconds between two looks at who is there
DEADLINE = 10.0  # seconds for one answer
PATIENCE = 15.0  # seconds until who is to be linked with has to be
REACHED = 30.0  # seconds that a link is kept which somebody asked for: longer than a question takes
PASSED_OVER = 60.0  # seconds that a keeper which is not to be reached is left out

log = structlog.get_logger("keeping")

_requests = msgspec.msgpack.Decoder(Request)
_replies = msgspec.msgpack.Decoder(Reply)
_answers = msgspec.msgpack.Decoder(Answer)

WRONG = (BadAnswer, *UNREADABLE)


class Ask(Protocol):
    async def __call__(self, peer: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        """Raises OSError when there is no answer."""
        ...


class Shelving:
    """Looks, brings, compares, lets go. `want`: the peers that this node is to be linked with."""

    def __init__(
        self,
        fleet: Fleet,
        ask: Ask,
        want: Callable[[Iterable[str]], None],
        neighbours: Callable[[], list[str]],
        take: Callable[[Incoming], Awaitable[None]],
        enter: Callable[[Iterable[Ruling]], Awaitable[None]],
        let_go: Callable[[Sequence[PageKey]], Awaitable[None]],
        candidates: Callable[[], list[str]],
        clock: Clock,
        length: int,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._fleet, self._ask, self._want, self._take = fleet, ask, want, take
        self._neighbours = neighbours
        self._wanted: dict[str, float] = {}  # since when each of the wanted is not linked
        self._visited: list[str] = []  # and whom it is linked with for visits and comparisons
        self._reached: dict[str, float] = {}  # whom else, and until when
        self._enter, self._let_go, self._candidates = enter, let_go, candidates
        self._clock, self._length = clock, length
        self._visit_at: float | None = None
        self._compare_at = 0.0
        self._draw = random.Random()  # noqa: S311  # jitter is no secret

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._look()
                if self._fleet.keeping.spread:
                    await self._round()
            except StoreError as error:
                log.error("not kept", reason=str(error), remedy="it is tried again")
            await trio.sleep(LOOK * self._draw.uniform(0.8, 1.2))

    async def handle(self, peer: str, request: bytes) -> bytes:
        """Answer a member. Raises `StoreError`: then nothing was taken, and it will be brought again."""
        asked: Request | None = question_of(peer, request, _requests, self._fleet, self.counts)
        match asked:
            case None:
                return NO_ANSWER
            case Shelf(repository=repository, question=question):
                settled = self._fleet.keeping.has_all(repository, self._clock.elapsed())
                return msgspec.msgpack.encode(answer(question, self._fleet.shelf(repository, settled)))
            case Offer():
                keeps = self._fleet.keeping.keeps(asked.repository)
                runs = self._fleet.has.ledger.runs
                return msgspec.msgpack.encode(wanted_of(asked, self._fleet.digest.page, keeps, runs))
            case Give(pages=pages):
                self.counts["brought"] += len(pages)
                await self._take(self._fleet.brought(pages, self._clock.now()))
                return msgspec.msgpack.encode(taken_of(asked, self._fleet.digest.page))

    async def _look(self) -> None:
        fleet, elapsed = self._fleet, self._clock.elapsed()
        here = fleet.peers.here(elapsed)
        able = fleet.peers.able(elapsed)
        for repository in self._candidates():
            able.setdefault(repository.lower(), set()).add(fleet.me.peer)
        fleet.keeping.look(here, able, elapsed)
        ruling = spread_ruling(fleet.book, fleet.me.peer, here)
        if ruling:
            log.info("the fleet has grown" if ruling.value else "the fleet has shrunk", nodes=len(here) + 1)
            await self._enter([ruling])
        fleet.resize()

    async def _round(self) -> None:
        keeping, elapsed = self._fleet.keeping, self._clock.elapsed()
        errands = keeping.errands(elapsed)
        partners = {each: keeping.partners(each) for each in keeping.kept(self._candidates())}
        visits = {each: keeping.keepers.to_visit(each) for each in errands}
        self._link([*(peer for peers in partners.values() for peer in peers), *(v[0] for v in visits.values() if v)])
        linked = set(self._neighbours())
        if self._may_visit(any(linked.intersection(visits[each]) for each in errands) or not errands):
            for repository, versions in errands.items():
                await self._visit([p for p in visits[repository] if p in linked][:1], repository, versions)
        if elapsed >= self._compare_at:
            self._compare_at = elapsed + EVERY * self._draw.uniform(0.8, 1.2)
            for repository, peers in partners.items():
                for peer in (each for each in peers if each in linked):
                    await self._compare(peer, repository)
        await self._drop_surplus()

    def _may_visit(self, ready: bool) -> bool:
        """Whether this node's moment has come. It has one in each pause, with or without anything to bring: nodes that
        have news all at once, or start at once, do not come all at once. Who is not `ready` then comes when it is."""
        elapsed, every = self._clock.elapsed(), visit_every(self._fleet.keeping.keepers.nodes)
        if self._visit_at is None:
            self._visit_at = elapsed + every * self._draw.random()
        if elapsed < self._visit_at or not ready:
            return False
        self._visit_at = elapsed + every * self._draw.uniform(0.8, 1.2)
        return True

    def reach(self, peers: Iterable[str]) -> None:
        """Be linked with these for a while: somebody has a question for them."""
        until = self._clock.elapsed() + REACHED
        self._reached.update((peer, until) for peer in peers)
        self._want([*self._visited, *self._reached])

    def _link(self, wanted: Sequence[str]) -> None:
        """Be linked with these; who cannot be reached for a while is taken for no keeper."""
        self._reached = {peer: until for peer, until in self._reached.items() if until > self._clock.elapsed()}
        self._visited = list(wanted)
        self._want([*wanted, *self._reached])
        elapsed, linked = self._clock.elapsed(), set(self._neighbours())
        self._wanted = {peer: self._wanted.get(peer, elapsed) for peer in wanted if peer not in linked}
        for peer, since in self._wanted.items():
            if elapsed >= since + PATIENCE:
                self._pass_over(peer, "it cannot be reached")

    async def _visit(self, keepers: list[str], repository: str, versions: list[Version]) -> None:
        keeping = self._fleet.keeping
        for keeper in keepers:
            try:
                steps = keeping.bring(repository, versions)
                reply: Reply | None = None
                while True:
                    request = next(steps) if reply is None else steps.send(reply)
                    reply = _replies.decode(await self._asked(keeper, request))
            except StopIteration as end:
                keeping.shelves.has(repository, keeper, end.value, self._clock.elapsed())
                self.counts["visits"] += 1
            except (OSError, *WRONG) as error:
                self._failed(keeper, error)

    async def _compare(self, peer: str, repository: str) -> None:
        """Pull from another keeper; it pulls from this one likewise, in its own turn."""
        now = self._clock.now()
        open_from = (int(now) // self._length - 1) * self._length
        try:
            steps = pull(self._fleet.shelf(repository), open_from, now, self._fleet.refused)
            reply: Answer | None = None
            while True:
                question = next(steps) if reply is None else steps.send(reply)
                reply = _answers.decode(await self._asked(peer, Shelf(repository, question)))
        except StopIteration as end:
            await self._pulled(repository, end.value)
        except (OSError, *WRONG) as error:
            self._failed(peer, error)

    async def _pulled(self, repository: str, pulled: Pulled) -> None:
        incoming = self._fleet.pulled(pulled, self._clock.now())
        await self._take(incoming)
        self.counts["compared"] += 1
        if incoming.complete and pulled.settled:
            self._fleet.keeping.compared(repository)

    async def _drop_surplus(self) -> None:
        keys = self._fleet.keeping.surplus(self._clock.elapsed())
        if keys:
            await self._let_go(keys)
            self._fleet.disown(keys)
            self.counts["let_go"] += len(keys)

    async def _asked(self, peer: str, request: Request) -> bytes:
        return await self._ask(peer, PROTOCOL, msgspec.msgpack.encode(request), DEADLINE)

    def _failed(self, peer: str, error: Exception) -> None:
        self.counts["unreachable"] += 1
        if peer in self._neighbours():  # else its link has just gone, and is waited for
            self._pass_over(peer, str(error))

    def _pass_over(self, peer: str, why: str) -> None:
        self._fleet.keeping.keepers.silent(peer, self._clock.elapsed() + PASSED_OVER)
        log.debug("a keeper is passed over", peer=peer, reason=why)
