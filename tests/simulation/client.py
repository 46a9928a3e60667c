"""A virtual client around the real outbox: it numbers records, keeps what is not acknowledged, sends it again in order.

Where the node has lost the session (a gap), what is still held goes into a new one, as the real client does it.
"""

from collections.abc import Callable

from aggregator.client.counters import Counters
from aggregator.client.outbox import Outbox
from aggregator.client.wire import JsonLines
from tests.pure.factories import name, seen
from tests.simulation.node import Sent, SimNode
from tests.simulation.world import World

BATCH = 16
RETRY = 2.0  # seconds without an answer before it connects and sends again


class SimClient:
    """One program that reports to one node."""

    def __init__(self, world: World, node: SimNode, title: str) -> None:
        self.world, self.node, self.title = world, node, title
        self.sent: dict[int, int] = {}  # occurrences by number of the error
        self._outbox = Outbox(f"{title} 1".encode(), JsonLines(), Counters())
        self._sessions = 1
        self._try = 0
        self._records = 0

    @property
    def session(self) -> str:
        return self._outbox.session.decode()

    @property
    def settled(self) -> bool:
        return not self._outbox.held()

    def report(self, number: int, count: int = 1) -> None:
        """An occurrence of the error numbered `number`."""
        self._records += 1
        uid = f"{self.title} #{self._records}"
        self._outbox.add({"uid": uid, "number": number, "count": count, "at": self.world.now})
        self.node.truth.reported(uid, name(number), count)
        self.sent[number] = self.sent.get(number, 0) + count
        if self._outbox.held() == 1:
            self._send()

    def _send(self) -> None:
        """Connect and send the oldest records; whatever happens to them, look again later."""
        self._try += 1
        this = self._try
        node = self.node
        if node.life.alive:
            records, session = self._batch(), self.session
            delay = self.world.draw(f"client {self.title}").uniform(0.001, 0.05)
            answer = self._answered(session)
            self.world.after(delay, lambda: node.receive(session, records, answer, self._gap), node.life)
        self.world.after(RETRY, lambda: self._again(this))

    def _batch(self) -> list[Sent]:
        self._outbox.sent = self._outbox.settled  # a new connection begins at the first that is not settled
        out: list[Sent] = []
        while len(out) < BATCH and (frame := self._outbox.unsent()) is not None:
            record = JsonLines().load(frame)
            what = seen(record["number"], record["count"], first=record["at"], last=record["at"])
            out.append(Sent(record["seq"], what, record["uid"]))
        return out

    def _answered(self, session: str) -> Callable[[int], None]:
        def answer(settled: int) -> None:
            if session != self.session or self.world.draw(f"client {self.title}").random() < 0.02:
                return  # an old connection, or one that broke before the answer came
            before = self._outbox.settled
            self._acknowledge(before, min(settled, self._outbox.sent))
            if self._outbox.held():
                self._send()

        return answer

    def _gap(self, session: str, expected: int) -> None:
        """The node does not take our next number: what it has not got goes into a new session."""
        if session != self.session:
            return
        before = self._outbox.settled
        if before < expected - 1 <= self._outbox.sent:
            self._acknowledge(before, expected - 1)
        self._sessions += 1
        self.world.tell(f"{self.title}: its session is lost, a new one begins")
        self._outbox = self._outbox.renewed(f"{self.title} {self._sessions}".encode())
        if self._outbox.held():
            self._send()

    def _acknowledge(self, before: int, upto: int) -> None:
        self._outbox.sent = before
        while self._outbox.sent < upto and (frame := self._outbox.unsent()) is not None:
            self.node.truth.acknowledged(JsonLines().load(frame)["uid"])
        self._outbox.settle(upto)

    def _again(self, this: int) -> None:
        if not self.settled and this == self._try:
            self._send()
