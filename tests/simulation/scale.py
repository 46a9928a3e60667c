"""What a fleet of n nodes costs and how soon it knows: every message an event, over the domain code of the daemon.

What everybody would hear is delivered to those alone who make something of it, and counted for all. Up to the size at
which a fleet spreads that is everybody; beyond it, the keepers. Steps of 0.1 s to 0.3 s stand for the way of a message.
"""

import gc
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import quantiles
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import msgspec

from aggregator.answering import agrees, answer
from aggregator.book import Book
from aggregator.keepers import visit_every
from aggregator.keeping import Give, Offer, Reply, taken_of, wanted_of
from aggregator.pace import INTERVAL
from aggregator.page import PageKey
from aggregator.presence import period
from aggregator.questions import Compare, Has
from aggregator.sync import Pulled, pull
from aggregator.turns import Turns
from tests.simulation.scalenode import REPOSITORY, WINDOW, ScaleNode, share
from tests.simulation.world import World

FLUSH = 0.25  # seconds
DIALS = 3  # links that a node opens
TENTH = 10.0  # seconds over which the busiest traffic is averaged


class Load(NamedTuple):
    """What programs report on each node."""

    name: str
    every: float  # seconds between two reports of one node; 0: none
    signatures: int = 20  # different errors in the fleet
    own: int = 1  # different errors of one report
    times: int = 1  # occurrences of each


IDLE = Load("idle", 0.0)
STEADY = Load("1 error/s", 1.0)
STORM = Load("storm", 0.5, own=10, times=1000)
LOADS = (IDLE, STEADY, STORM)


@dataclass
class Probe:
    """A page version, and who has not heard of it yet."""

    told: float
    sequence: int
    waiting: set[str]


@dataclass
class Seen:
    """What was measured."""

    delays: list[float] = field(default_factory=list[float])
    waits: int = 0  # observations that were still to come at the end
    gossip: list[float] = field(default_factory=list[float])  # moments at which a message was published
    visits: Counter[str] = field(default_factory=Counter[str])
    over: float = TENTH  # seconds

    def busiest(self, start: float) -> float:
        """Messages a second of all nodes, in the busiest `over` seconds from `start` on."""
        counts = Counter(int((at - start) // self.over) for at in self.gossip if at >= start)
        return max(counts.values(), default=0) / self.over


class ScaleWorld:
    """Make it, `run`, then read `seen` and the nodes."""

    def __init__(self, count: int, load: Load, seed: int = 1, probe_every: int = 1) -> None:
        self.world, self.load = World(seed), load
        self.shared, self.draw = share(seed, count), World(seed).random
        self.nodes = {peer: ScaleNode(self.shared, peer, self.world.now) for peer in self.shared.names}
        self.keepers = self.shared.order or self.shared.names
        self.links = linked(self.shared.names, self.draw.sample)
        self.turns = {peer: Turns() for peer in self.shared.names}
        self.seen, self._probes = Seen(), defaultdict[PageKey, list[Probe]](list)
        self._telling: set[str] = set()
        self._probe_every, self._reports = probe_every, 0
        for peer in self.shared.names:
            self._start(peer)

    def run(self, seconds: float) -> None:
        self.world.run(self.world.now + seconds)
        self.seen.waits = sum(len(probe.waiting) for probes in self._probes.values() for probe in probes)

    def _start(self, peer: str) -> None:
        count = len(self.nodes)
        self._again(peer, self._present, period(count), self.draw.uniform(0, period(count)))
        self._again(peer, self._compare, 0.5, self.draw.uniform(0, 2.0))
        if self.shared.spread:
            every = visit_every(count)
            self._again(peer, self._visit, every, self.draw.uniform(0, every))
        if self.load.every:
            self._again(peer, self._report, self.load.every, self.draw.uniform(0, self.load.every))

    def _again(self, peer: str, act: Callable[[str], None], every: float, first: float) -> None:
        def step() -> None:
            act(peer)
            self.world.after(every * self.draw.uniform(0.8, 1.2), step)

        self.world.after(first, step)

    # Gossip.

    def _report(self, peer: str) -> None:
        node, load = self.nodes[peer], self.load
        if not load.every:  # the programs were told to stop
            return
        numbers = self.draw.sample(range(max(load.signatures, load.own)), load.own)
        page = node.report(numbers, load.times, self.world.now)
        self._reports += 1
        if self._reports % self._probe_every == 0:
            waiting = {each for each in self.keepers if each != peer}
            self._probes[page.key].append(Probe(self.world.now, page.sequence, waiting))
        self.world.after(FLUSH, lambda: node.fleet.flush())
        self._wake(peer, FLUSH)

    def _present(self, peer: str) -> None:
        self.nodes[peer].present(self.world.now)
        self._wake(peer, 0.0)

    def _wake(self, peer: str, delay: float) -> None:
        """There is something to tell."""
        if peer not in self._telling:
            self.nodes[peer].pace.wake(self.world.now, len(self.nodes), self.draw.random())
            self._tell_soon(peer, delay)

    def _tell_soon(self, peer: str, delay: float) -> None:
        """When it may; its rate may be another before."""
        self._telling.add(peer)
        wait = min(self.nodes[peer].pace.wait(self.world.now), INTERVAL)
        self.world.after(max(delay, wait) + 0.01, lambda: self._tell(peer))

    def _tell(self, peer: str) -> None:
        node = self.nodes[peer]
        self._telling.discard(peer)
        data = node.tell(self.world.now)
        if data is not None:
            self.seen.gossip.append(self.world.now)
            for other in self.nodes.values():  # everybody counts what is on the topic
                other.pace.hear()
                if other.pace.much:
                    other.pace.adapt(self.world.now, self.draw.random())
            hearers = [n for n in self.keepers if n != peer]
            self.world.after(self.draw.uniform(0.1, 0.3), lambda: self._heard(peer, data, hearers))
        if len(node.fleet.outbox):
            self._tell_soon(peer, FLUSH)

    def _heard(self, peer: str, data: bytes, hearers: Iterable[str]) -> None:
        for each in hearers:
            incoming = self.nodes[each].hear(peer, data, self.world.now)
            self._knows(each, (page.key for page, _ in incoming.pages))

    def _knows(self, peer: str, keys: Iterable[PageKey]) -> None:
        for key in keys:
            page = self.nodes[peer].fleet.digest.page(key)
            for probe in self._probes.get(key, ()):
                if peer in probe.waiting and page is not None and page.sequence >= probe.sequence:
                    probe.waiting.discard(peer)
                    self.seen.delays.append(self.world.now - probe.told)
            self._probes[key] = [probe for probe in self._probes.get(key, ()) if probe.waiting]

    # Comparing.

    def _compare(self, peer: str) -> None:
        for other in self.links[peer]:
            if self.turns[peer].mine(other, self.world.now):
                self.turns[peer].asked(other, self.world.now, self.draw.random())
                self._pull(peer, other, lambda each: each.fleet.has)
        if self.shared.spread and self.nodes[peer].keeps:
            for other in self.nodes[peer].fleet.keeping.partners(REPOSITORY):
                self._pull(peer, other, lambda each: each.fleet.shelf(REPOSITORY))
                self._pull(other, peer, lambda each: each.fleet.shelf(REPOSITORY))

    def _pull(self, peer: str, other: str, has: Callable[[ScaleNode], Has]) -> None:
        asking, asked = self.nodes[peer], self.nodes[other]
        steps = pull(has(asking), int(self.world.now) // WINDOW * WINDOW - WINDOW, self.world.now)
        pulled = exchange(steps, has(asked), [asking, asked])
        if not self.shared.spread:
            first = next(pull(has(asking), int(self.world.now) // WINDOW * WINDOW - WINDOW, self.world.now))
            assert isinstance(first, Compare)
            self.turns[other].heard(peer, agrees(first, has(asked)), self.world.now)
        incoming = asking.fleet.pulled(pulled, self.world.now)
        asking.take(incoming)
        self._knows(peer, (page.key for page, _ in incoming.pages))

    # Bringing.

    def _visit(self, peer: str) -> None:
        node, now = self.nodes[peer], self.world.now
        if node.keeps:
            return
        node.fleet.flush()
        errands = node.fleet.keeping.errands(now)
        for repository, versions in errands.items():
            keeper = node.fleet.keeping.keepers.to_visit(repository)[0]
            self.seen.visits[keeper] += 1
            keys = visit(node, self.nodes[keeper], repository, now)
            node.fleet.keeping.shelves.has(repository, keeper, versions, now)
            self._knows(keeper, keys)


def exchange(steps: Any, has: Has, sides: list[ScaleNode]) -> Pulled:
    """One pull to its end, with what it costs both sides."""
    question = next(steps)
    while True:
        reply = answer(question, has)
        for side in sides:
            side.traffic["sync"] += 2
            side.traffic["sync bytes"] += len(msgspec.msgpack.encode(question)) + len(msgspec.msgpack.encode(reply))
        try:
            question = steps.send(reply)
        except StopIteration as end:
            return end.value


def visit(node: ScaleNode, keeper: ScaleNode, repository: str, now: float) -> list[PageKey]:
    """Bring everything that is due. Returns what was new to the keeper."""
    versions = node.fleet.keeping.errands(now)[repository]
    steps = node.fleet.keeping.bring(repository, versions)
    question, taken = next(steps), list[PageKey]()
    while True:
        reply = answered(question, keeper, now, taken)
        for side in (node, keeper):
            side.traffic["visit"] += 2
            side.traffic["visit bytes"] += len(msgspec.msgpack.encode(question)) + len(msgspec.msgpack.encode(reply))
        try:
            question = steps.send(reply)
        except StopIteration:
            return taken


def answered(question: Offer | Give, keeper: ScaleNode, now: float, taken: list[PageKey]) -> Reply:
    if isinstance(question, Offer):
        keeps = keeper.fleet.keeping.keeps(question.repository)
        return wanted_of(question, keeper.fleet.digest.page, keeps, keeper.fleet.has.ledger.runs)
    incoming = keeper.fleet.brought(question.pages, now)
    keeper.take(incoming)
    taken += [page.key for page, _ in incoming.pages]
    return taken_of(question, keeper.fleet.digest.page)


def linked(names: list[str], sample: Callable[[list[str], int], list[str]]) -> dict[str, set[str]]:
    """Everybody opens a few links; a link serves both."""
    links: dict[str, set[str]] = {name: set() for name in names}
    for name in names:
        for other in sample(names, min(DIALS + 1, len(names))):
            if other != name and len(links[name]) < 2 * DIALS:
                links[name].add(other)
                links[other].add(name)
    return links


def weigh(node: ScaleNode) -> int:
    """Bytes of what one node holds in memory, without what all share here."""
    shared = {id(each) for each in (node.shared, node.shared.book, node.shared.roster, node.shared.random)}
    found, todo, total = set[int](shared), [node], 0
    stack: list[Any] = list(todo)
    while stack:
        each = stack.pop()
        if id(each) in found or isinstance(each, type | ModuleType | FunctionType):
            continue
        found.add(id(each))
        total += sys.getsizeof(each)
        stack += gc.get_referents(each)
    return total


def quantile(delays: list[float], percent: int) -> float:
    """Seconds; all of them for 100."""
    if not delays:
        return 0.0
    return max(delays) if percent == 100 or len(delays) < 2 else quantiles(delays, n=100)[percent - 1]


def joining(full: ScaleNode, book: Book, now: float) -> tuple[int, int, int]:
    """(questions, bytes, pages) until a node that knows nothing has all that one neighbour has."""
    new = ScaleNode(full.shared, "joining", now)
    theirs = Has(full.ledger, full.fleet.has.digest, book)
    pages = 0
    mine = Book()
    while True:
        has = Has(new.ledger, new.fleet.has.digest, mine)
        steps = pull(has, int(now) // WINDOW * WINDOW - WINDOW, now)
        pulled = exchange(steps, theirs, [new])
        for key, fact in pulled.entries.facts:
            mine.put_fact(key, fact)
        for ruling in pulled.entries.rulings:
            mine.put_ruling(ruling)
        new.take(new.fleet.pulled(Pulled(pulled.pages, pulled.entries, pulled.complete), now))
        pages += len(pulled.pages)
        if pulled.complete and mine.sums.root() == book.sums.root():
            return new.traffic["sync"], new.traffic["sync bytes"], pages
