"""A virtual client: numbers its records, keeps what is not acknowledged, and sends it again, in order."""

from tests.pure.factories import seen
from tests.simulation.node import Sent, SimNode
from tests.simulation.world import World

BATCH = 16
RETRY = 2.0  # seconds without an answer before it connects and sends again


class SimClient:
    """One session with one node."""

    def __init__(self, world: World, node: SimNode, name: str) -> None:
        self.world, self.node, self.session = world, node, name
        self.sent: dict[int, int] = {}  # occurrences by signature number
        self._held: list[Sent] = []
        self._next = 1
        self._try = 0

    def report(self, number: int, count: int = 1) -> None:
        """An occurrence of the error numbered `number`."""
        now = self.world.now
        self._held.append(Sent(self._next, seen(number, count, first=now, last=now)))
        self._next += 1
        self.sent[number] = self.sent.get(number, 0) + count
        if len(self._held) == 1:
            self._send()

    @property
    def settled(self) -> bool:
        return not self._held

    def _send(self) -> None:
        """Send the oldest records; whatever happens to them, look again later."""
        self._try += 1
        this, batch = self._try, self._held[:BATCH]
        if self.node.life.alive:
            life = self.node.life
            delay = self.world.random.uniform(0.001, 0.05)
            self.world.after(delay, lambda: self.node.receive(self.session, batch, self._answer), life)
        self.world.after(RETRY, lambda: self._again(this))

    def _answer(self, settled: int) -> None:
        if self.world.chance(0.02):
            return  # the connection broke before the answer came
        self._held = [r for r in self._held if r.sequence > settled]
        if self._held:
            self._send()

    def _again(self, this: int) -> None:
        if self._held and this == self._try:
            self._send()
