"""A virtual node that is one of many: gossip, sync and election over the virtual network, with the fleet's own mind.

Signatures are hashes here: who may sign what is checked as ever, only the mathematics is left out.
"""

import hashlib
from collections.abc import Callable
from functools import partial

import msgspec

from aggregator.answering import answer
from aggregator.arrivals import Incoming, Terms
from aggregator.book import Fact, FactKey, Ruling
from aggregator.election import Progress, rank_of, wait_for
from aggregator.fleet import Fleet
from aggregator.member import FLEET_KEY, Member, admit, invite, vouch
from aggregator.message import Presence
from aggregator.pace import Pace
from aggregator.page import PageKey, newer
from aggregator.presence import period
from aggregator.questions import Answer, Question
from aggregator.reason import Reason
from aggregator.roster import Roster
from aggregator.settling import Settling
from aggregator.signature import agreed
from aggregator.sync import Pull, Pulled, pull
from tests.simulation.github import VirtualGitHub
from tests.simulation.network import Network
from tests.simulation.node import WINDOW, Change, SimNode, nothing
from tests.simulation.truth import Truth
from tests.simulation.world import World

FLUSH = 0.25  # seconds
SYNC = 6.0  # seconds between two comparisons; the daemon takes two, which costs a simulation three times as much
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
    return vouch(admit(name, INVITATION, sign_as(INVITATION.key)), FLEET_KEY, 0.0, sign_as(FLEET))


class FleetNode(SimNode):
    """One of `nodes`, which all share that dictionary, by the machine that it runs on."""

    def __init__(
        self,
        world: World,
        github: VirtualGitHub,
        network: Network,
        nodes: dict[str, "FleetNode"],
        name: str,
        truth: Truth | None = None,
        place: str = "",
    ) -> None:
        super().__init__(world, github, name, truth, place)
        self.network, self.nodes = network, nodes
        self.neighbours: list[str] = []
        self.refused: dict[str, int] = {}  # by name of the reason: what others said and was not taken
        nodes[self.place] = self

    def start(self) -> None:
        if self.life.alive:
            return
        super().start()
        roster = Roster([FLEET], verify, verify_page)
        for node in self.nodes.values():
            roster.put(member(node.name))
        known = self.known
        self.fleet = Fleet(
            self.author.origin, TERMS, roster, known.ledger, known.book, sign_as(self.name.encode()), began=self.now
        )
        self.fleet.load(list(known.ledger.pages()))
        self.pace = Pace(self.elapsed)
        self.settling = Settling(self.elapsed)
        self.progress = Progress()
        self._telling = False
        self._later(self.draw.uniform(0, SYNC), self._sync)
        self._later(self.draw.uniform(0, 1.0), self._show)

    # Gossip.

    def wrote(self, keys: list[PageKey]) -> None:
        self.fleet.wrote(keys)
        self._tell_soon(FLUSH)

    def entered(self, facts: list[tuple[FactKey, Fact]], rulings: list[Ruling]) -> None:
        self.fleet.outbox.entered(facts, rulings)
        self.progress.entered(facts, self.elapsed)
        self._tell_soon(FLUSH)

    def expired(self) -> None:
        self.fleet.digest.drop(self.known.ledger.horizon)

    def presence(self) -> Presence:
        self.settling.awake(self.elapsed)
        may_file = self.filing and self.trouble is None and not self.copied
        return Presence(
            run=self.author.origin.run,
            at=self.now,
            version="1",
            reads=self.reads,
            settled=self.settled,
            candidate=[self.github.repository] if may_file else [],
        )

    @property
    def copied(self) -> bool:
        """Whether it knows of another machine with its key."""
        return self.fleet.copied(self.elapsed)

    def _show(self) -> None:
        self.fleet.outbox.present(self.presence())
        self._tell_soon(0.0)
        nodes = len(self.fleet.peers.here(self.elapsed)) + 1
        self._later(period(nodes) * self.draw.uniform(0.8, 1.2), self._show)

    def _tell_soon(self, delay: float) -> None:
        if not self._telling:
            self._telling = True
            self._later(max(delay, self.pace.wait(self.elapsed)) + 0.001, self._tell)

    def _tell(self) -> None:
        self._telling = False
        self.fleet.flush()
        if len(self.fleet.outbox) and self.pace.take(self.elapsed):
            data = self.fleet.outbox.take()
            if data is not None:
                self.pace.hear()
                self.publish(data)
        self.pace.adapt(self.elapsed, self.draw.random())
        if len(self.fleet.outbox):
            self._tell_soon(FLUSH)

    def publish(self, data: bytes) -> None:
        """Gossip to everybody."""
        for other in self.nodes.values():
            if other is not self and other.life.alive:
                hear = partial(other.hear, self.name, data)
                self.network.send(self.place, other.place, len(data), hear, life=other.life)

    def hear(self, peer: str, data: bytes) -> None:
        """A gossip message arrives."""
        if peer == self.name:
            return
        self.pace.hear()
        incoming = self.fleet.heard(peer, data, self.now, self.elapsed)
        self._take(incoming, lambda: self.fleet.outbox.told(incoming.facts, incoming.rulings))

    def _take(self, incoming: Incoming, then: Change = nothing) -> None:
        """Commit what came: pages, then the book; then pass it on."""
        for each in incoming.refused:
            self.refused[each.reason.name] = self.refused.get(each.reason.name, 0) + 1

        def took() -> None:
            self.fleet.took(incoming)
            then()

        def entries() -> None:
            if incoming.facts or incoming.rulings:
                self.put(list(incoming.facts), list(incoming.rulings), took)
            else:
                took()

        if incoming.pages:
            self.write("pages", lambda: self._merge(incoming, entries))
        else:
            entries()

    def _merge(self, incoming: Incoming, then: Change) -> tuple[Change, Change]:
        ledger = self.known.ledger
        best = {page.key: (page, tallies) for page, tallies in sorted(incoming.pages, key=lambda each: each[0].rank())}
        fresh = [
            (page, tallies)
            for page, tallies in best.values()
            if page.key.window >= ledger.horizon and newer(page, ledger.page(page.key))
        ]

        def follow() -> None:
            for page, tallies in fresh:
                ledger.put(page, tallies)
            then()

        return lambda: self.disk.pages.update({page.key: page for page, _ in fresh}), follow

    # Sync.

    def _sync(self) -> None:
        self._later(SYNC * self.draw.uniform(0.8, 1.2), self._sync)
        there = [n for n in self.neighbours if n in self.nodes and self.nodes[n].life.alive]
        alive = [n for n in there if self.network.connected(self.place, n) and self.network.connected(n, self.place)]
        if alive:
            self.settling.met()
            open_from = (int(self.now) // WINDOW - 1) * WINDOW
            steps = pull(self.fleet.has, open_from, self.now, self.fleet.refused)
            self._ask_peer(self.draw.choice(alive), steps, next(steps))

    def _ask_peer(self, place: str, steps: Pull, question: Question) -> None:
        other, data, life = self.nodes[place], msgspec.msgpack.encode(question), self.life

        def arrived() -> None:
            reply = msgspec.msgpack.encode(answer(msgspec.msgpack.decode(data, type=Question), other.fleet.has))
            back = partial(self._answered, place, steps, reply)
            self.network.send(place, self.place, len(reply), back, stream=True, life=life)

        self.network.send(self.place, place, len(data), arrived, stream=True, life=other.life)

    def _answered(self, place: str, steps: Pull, reply: bytes) -> None:
        try:
            question = steps.send(msgspec.msgpack.decode(reply, type=Answer))
        except StopIteration as end:
            self._pulled(end.value)
        else:
            if self.nodes[place].life.alive:
                self._ask_peer(place, steps, question)

    def _pulled(self, pulled: Pulled) -> None:
        incoming = self.fleet.pulled(pulled, self.now)
        self._take(incoming)
        if incoming.complete:
            self.settling.pulled()

    def version(self) -> str:
        """What all that are there can read; while nobody was heard, what everybody can."""
        if not self.settled:
            return self.reads[0]
        peers = self.fleet.peers
        said = (seen.presence.reads for peer in peers.here(self.elapsed) if (seen := peers.get(peer)))
        return agreed(self.reads, said)

    # Election.

    @property
    def settled(self) -> bool:
        return self.settling.settled(self.elapsed)

    @property
    def delay(self) -> float:
        return TICK_DELAY

    def why_not(self) -> Reason | None:
        """Why this node by itself does not stand."""
        if not self.filing:
            return Reason.FILING_OFF
        if self.copied:
            return Reason.COPIED
        return self.trouble or (None if self.settled else Reason.NOT_SETTLED)

    def turn(self, repository: str, began: float, then: Callable[[int | Reason], None]) -> None:
        reason = self.why_not()
        others = self.fleet.peers.candidates(repository, self.elapsed)
        rank = None if reason else rank_of(self.name, repository, [self.name, *others])
        if rank is None:
            then(reason or Reason.NOT_ELECTED)
        else:
            self._silence(repository, began, rank, then)

    def _silence(self, repository: str, began: float, rank: int, then: Callable[[int | Reason], None]) -> None:
        left = self.progress.left(repository, began, wait_for(rank, TAKEOVER), self.elapsed)
        if left > 0:
            self._later(left, lambda: self._silence(repository, began, rank, then))
        else:
            then(rank)
