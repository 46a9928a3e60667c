"""A virtual node that is one of many: gossip, sync and election over the virtual network, with the fleet's own mind.

Signatures are hashes here: who may sign what is checked as ever, only the mathematics is left out.
"""

import hashlib
from collections.abc import Callable
from functools import partial

import msgspec

from aggregator.book import Fact, FactKey, Ruling
from aggregator.election import rank_of, wait_for
from aggregator.filing.case import Case
from aggregator.fleet import Fleet, Incoming, Terms
from aggregator.member import Member, Roster, admit, invite
from aggregator.message import Presence
from aggregator.pace import Pace
from aggregator.page import PageKey
from aggregator.presence import Settling, period
from aggregator.sync import Answer, Pull, Pulled, Question, answer, pull
from tests.simulation.github import VirtualGitHub
from tests.simulation.network import Network
from tests.simulation.node import WINDOW, SimNode
from tests.simulation.world import Life, World

FLUSH = 0.25  # seconds
SYNC = 2.0  # seconds between two comparisons
TICK_DELAY = 6.0  # seconds after the tick, so that what was counted before it is known
TAKEOVER = 2.0  # seconds that each rank waits for the one before


def sign_as(name: bytes) -> Callable[[bytes], bytes]:
    return lambda message: hashlib.sha256(name + b"\0" + message).digest()


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    return sign_as(key)(message) == signature


FLEET = b"f" * 32
INVITATION = invite(FLEET, b"i" * 32, 1e12, 100_000, sign_as(FLEET))


def verify_page(peer: str, message: bytes, signature: bytes) -> bool:
    return verify(peer.encode(), message, signature)


TERMS = Terms(FLEET, WINDOW, verify_page)


def member(name: str) -> Member:
    return admit(name, 0.0, INVITATION, sign_as(INVITATION.key))


class FleetNode(SimNode):
    """One of `nodes`, which all share that dictionary."""

    def __init__(
        self, world: World, github: VirtualGitHub, network: Network, nodes: dict[str, "FleetNode"], name: str
    ) -> None:
        super().__init__(world, github, name)
        self.network, self.nodes = network, nodes
        self.neighbours: list[str] = []
        self.may_file = True
        nodes[name] = self

    def start(self) -> None:
        super().start()
        roster = Roster([FLEET], verify)
        for name in self.nodes:
            roster.put(member(name))
        known = self.known
        self.fleet = Fleet(self.author.origin, TERMS, roster, known.ledger, known.book, sign_as(self.name.encode()))
        self.fleet.load(self.disk.pages.values())
        self.pace = Pace(self.world.now)
        self.settling = Settling(self.world.now)
        self._telling = False
        self._later(self.world.random.uniform(0, SYNC), self._sync)
        self._later(self.world.random.uniform(0, 1.0), self._show)

    # Gossip.

    def wrote(self, keys: list[PageKey]) -> None:
        self.fleet.wrote(keys)
        self._tell_soon(FLUSH)

    def entered(self, facts: list[tuple[FactKey, Fact]], rulings: list[Ruling]) -> None:
        self.fleet.outbox.entered(facts, rulings)
        self._tell_soon(FLUSH)

    def _show(self) -> None:
        candidate = [self.github.repository] if self.may_file else []
        presence = Presence(
            run=self.author.origin.run, at=self.world.now, version="1", settled=self.settled, candidate=candidate
        )
        self.fleet.outbox.present(presence)
        self._tell_soon(0.0)
        self._later(period(len(self.nodes)) * self.world.random.uniform(0.8, 1.2), self._show)

    def _tell_soon(self, delay: float) -> None:
        if not self._telling:
            self._telling = True
            self._later(max(delay, self.pace.wait(self.world.now)) + 0.001, self._tell)

    def _tell(self) -> None:
        self._telling = False
        self.fleet.flush()
        if len(self.fleet.outbox) and self.pace.take(self.world.now):
            data = self.fleet.outbox.take()
            if data is not None:
                self.pace.hear()
                self._publish(data)
        self.pace.adapt(self.world.now, self.world.random.random())
        if len(self.fleet.outbox):
            self._tell_soon(FLUSH)

    def _publish(self, data: bytes) -> None:
        for other in self.nodes.values():
            if other is not self:
                self.network.send(self.name, other.name, len(data), partial(other.hear, self.name, data))

    def hear(self, peer: str, data: bytes) -> None:
        """A gossip message arrives."""
        if self.life.alive:
            self.pace.hear()
            self._take(self.fleet.heard(peer, data, self.world.now, self.world.now))

    def _take(self, incoming: Incoming) -> None:
        """Commit what came, then pass it on."""
        if incoming.pages or incoming.facts or incoming.rulings:
            self._later(0.01, lambda: self._commit_incoming(incoming))

    def _commit_incoming(self, incoming: Incoming) -> None:
        if self.maybe_crash():
            return
        for page, tallies in incoming.pages:
            if self.known.ledger.put(page, tallies):
                self.disk.pages[page.key] = page
        for key, fact in incoming.facts:
            if self.known.book.put_fact(key, fact):
                merged = self.known.book.fact(key)
                assert merged is not None
                self.disk.facts[key] = merged
        for ruling in incoming.rulings:
            if self.known.book.put_ruling(ruling):
                self.disk.rulings[ruling.kind, ruling.subject] = ruling
        self.fleet.took(incoming)

    # Sync.

    def _sync(self) -> None:
        self._later(SYNC * self.world.random.uniform(0.8, 1.2), self._sync)
        alive = [n for n in self.neighbours if self.nodes[n].life.alive and self.network.connected(self.name, n)]
        if alive:
            self.settling.met()
            open_from = (int(self.world.now) // WINDOW - 1) * WINDOW
            steps = pull(self.fleet.has, open_from, self.world.now, self.fleet.refused)
            self._ask(self.world.random.choice(alive), steps, next(steps))

    def _ask(self, peer: str, steps: Pull, question: Question) -> None:
        other, data, life = self.nodes[peer], msgspec.msgpack.encode(question), self.life

        def arrived() -> None:
            if other.life.alive:
                reply = msgspec.msgpack.encode(answer(msgspec.msgpack.decode(data, type=Question), other.fleet.has))
                back = partial(self._answered, peer, steps, reply, life)
                self.network.send(peer, self.name, len(reply), back, stream=True)

        self.network.send(self.name, peer, len(data), arrived, stream=True)

    def _answered(self, peer: str, steps: Pull, reply: bytes, life: Life) -> None:
        if not life.alive:
            return
        try:
            question = steps.send(msgspec.msgpack.decode(reply, type=Answer))
        except StopIteration as end:
            self._pulled(end.value)
        else:
            self._ask(peer, steps, question)

    def _pulled(self, pulled: Pulled) -> None:
        self._take(self.fleet.pulled(pulled, self.world.now))
        if pulled.complete:
            self.settling.pulled()

    # Election.

    @property
    def settled(self) -> bool:
        return self.settling.settled(self.world.now)

    def file(self, now: float) -> None:
        rank = self._rank()
        if rank is None:
            self._schedule(next_tick(now))
        else:
            self._later(TICK_DELAY + wait_for(rank, TAKEOVER), lambda: super(FleetNode, self).file(self.world.now))

    def mine(self, repository: str, work: list[Case]) -> list[Case]:
        """The first in rank does all; the others only what is due and not filed yet."""
        return work if self._rank() == 0 else [case for case in work if not case.number]

    def _rank(self) -> int | None:
        if not self.may_file or not self.settled:
            return None
        repository = self.github.repository
        return rank_of(self.name, repository, [self.name, *self.fleet.peers.candidates(repository, self.world.now)])


def next_tick(now: float) -> float:
    return (now // WINDOW + 1) * WINDOW
