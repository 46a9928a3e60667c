"""A program beside a node, of the stubborn kind: what is not acknowledged it sends again, in the same session.

So what it reported is known exactly, whatever happens to the node: once all is acknowledged, each record must be
counted once.
"""

from collections import Counter

import trio

from tests.fleet.fleet import FleetNode, name
from tests.sender import Disconnected, Sender, error, new_session

BATCH = 50  # records in a row
ANSWER = 3.0  # seconds that the node has to answer before the program comes again: it may be frozen
AGAIN = 0.1  # seconds until it tries again


class Program:
    """Run `run` in a nursery; `report` never waits."""

    def __init__(self, node: FleetNode) -> None:
        self.refused: Counter[str] = Counter()  # by reason; such a record is not counted, and nobody said it would be
        self._node, self._session = node, new_session()
        self._reported: list[int] = []
        self._refused: set[int] = set()  # places in the list
        self._acknowledged = 0
        self._before = 0  # how many were settled when this session began
        self._more = trio.Event()

    def report(self, *numbers: int) -> None:
        """The errors of these numbers occur."""
        self._reported += numbers
        self._more.set()

    @property
    def done(self) -> bool:
        """Whether the node has taken responsibility for everything."""
        return self._acknowledged == len(self._reported)

    def counts(self) -> Counter[str]:
        """By signature, what was acknowledged and not refused."""
        taken = self._reported[: self._acknowledged]
        return Counter(name(number) for place, number in enumerate(taken) if place not in self._refused)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if self.done:
                self._more = trio.Event()
                await self._more.wait()
            try:
                await trio.to_thread.run_sync(self._converse)
            except Disconnected:
                await trio.sleep(AGAIN)

    def _converse(self) -> None:
        sender = Sender(self._node.socket, timeout=ANSWER)
        try:
            expects = sender.hello(self._session).get("next")
            if expects is None:
                raise Disconnected("it will not listen now")
            self._go_on(self._before + expects - 1)
            while not self.done:
                self._send(sender)
        finally:
            sender.close()

    def _go_on(self, settled: int) -> None:
        if settled < self._acknowledged:  # the node lost its database, and knows this session no more
            self._session, self._before = new_session(), self._acknowledged
            raise Disconnected("a new session")
        self._acknowledged = settled

    def _send(self, sender: Sender) -> None:
        first, last = self._acknowledged, min(self._acknowledged + BATCH, len(self._reported))
        rows = enumerate(self._reported[first:last], first - self._before + 1)
        sender.send(*({"seq": seq, **error(number)} for seq, number in rows))
        while self._acknowledged < last:
            answer = sender.answer()
            if "error" in answer:
                raise Disconnected(str(answer))
            for each in answer.get("refused", []):
                self._refused.add(self._before + each["seq"] - 1)
                self.refused[each["reason"]] += 1
            self._acknowledged = max(self._acknowledged, self._before + answer.get("ack", 0))
