"""Ten thousand nodes by rounds of half a minute: what each does in a round it does at its end, all at once.

The same nodes and the same domain code as by events (`scale.py`); only the order within a round is lost, and with it
all that is faster than a round.
"""

from aggregator.election import RANKS
from aggregator.keepers import visit_every
from aggregator.presence import period
from tests.simulation.scale import Load, ScaleWorld, visit
from tests.simulation.scalenode import REPOSITORY

ROUND = 30.0  # seconds


class RoundWorld(ScaleWorld):
    """Only what a spread fleet does: who is no keeper visits one, keepers compare."""

    def _start(self, peer: str) -> None:
        """Nothing happens but by rounds."""
        begins = self.draw.uniform
        self._next_visit = getattr(self, "_next_visit", {})
        self._next_visit[peer] = self.world.now + begins(0, visit_every(len(self.nodes)))
        self._next_presence = getattr(self, "_next_presence", {})
        self._next_presence[peer] = self.world.now + begins(0, period(len(self.nodes)))

    def rounds(self, count: int) -> None:
        self.seen.over = ROUND
        for _ in range(count):
            self.world.now += ROUND
            for peer in self.shared.names:
                self._live(peer)
            self._gossip()
            for peer in self.shared.names:
                self._bring(peer)
            for _ in range(4):  # of comparisons there are more than one in a round
                for keeper in self.keepers:
                    self._compare_shelves(keeper)
        self.seen.waits = sum(len(probe.waiting) for probes in self._probes.values() for probe in probes)

    def restart(self) -> None:
        """All at once."""
        for peer, node in self.nodes.items():
            node.begin(self.world.now)
            self._start(peer)

    def _live(self, peer: str) -> None:
        if self.load.every:
            self._report(peer)
        if self.world.now >= self._next_presence[peer]:
            self._next_presence[peer] = self.world.now + period(len(self.nodes))
            self.nodes[peer].present(self.world.now)

    def _wake(self, peer: str, delay: float) -> None:
        """It is told by rounds."""
        if not len(self.nodes[peer].fleet.outbox):
            self.nodes[peer].pace.wake(self.world.now, len(self.nodes), self.draw.random())

    def _gossip(self) -> None:
        sent = [(peer, data) for peer in self.shared.names if (data := self._said(peer))]
        self.seen.gossip += [self.world.now] * len(sent)
        for peer, data in sent:
            self._heard(peer, data, [each for each in self.keepers if each != peer])
        for node in self.nodes.values():
            node.pace.hear(len(sent))
            node.pace.adapt(self.world.now, self.draw.random())

    def _said(self, peer: str) -> bytes | None:
        return self.nodes[peer].say(self.world.now)

    def _bring(self, peer: str) -> None:
        node, now = self.nodes[peer], self.world.now
        if node.keeps or now < self._next_visit[peer]:
            return
        self._next_visit[peer] = now + visit_every(len(self.nodes)) * self.draw.uniform(0.8, 1.2)
        node.fleet.flush()
        errands = node.fleet.keeping.errands(now)
        if REPOSITORY in errands:
            keeper = node.fleet.keeping.keepers.to_visit(REPOSITORY)[0]
            self.seen.visits[keeper] += 1
            keys = visit(node, self.nodes[keeper], REPOSITORY, now)
            node.fleet.keeping.shelves.has(REPOSITORY, keeper, errands[REPOSITORY], now)
            self._knows(keeper, keys)

    def _compare_shelves(self, keeper: str) -> None:
        for other in self.nodes[keeper].fleet.keeping.partners(REPOSITORY):
            self._pull(keeper, other, lambda each: each.fleet.shelf(REPOSITORY))
            self._pull(other, keeper, lambda each: each.fleet.shelf(REPOSITORY))


def by_rounds(load: Load) -> Load:
    """The same load, told once a round."""
    rounds = ROUND / load.every if load.every else 0
    return load._replace(
        every=ROUND if rounds else 0.0, own=min(load.own, RANKS), times=int(load.times * max(rounds, 1))
    )
