"""The outbox against a model of the node: whatever is lost, spilled, forgotten or resumed, each record counts once."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aggregator.client.counters import Counters
from aggregator.client.outbox import Outbox
from aggregator.client.spool import Spool
from aggregator.client.wire import MessagePack
from tests.stage.fake_node import read_spool


class Exchange(RuleBasedStateMachine):
    """Records go out, the node takes the next number only, acknowledgements may be lost, its database too."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.codec = MessagePack()
        self.sessions = 1
        self.outbox = Outbox(self.name(), self.codec, Counters(), self.open)
        self.made = 0
        self.counted: list[int] = []
        self.marks: dict[bytes, int] = {}

    def name(self) -> bytes:
        return self.sessions.to_bytes(16, "big")

    def open(self, session: bytes, hello: bytes, first: int) -> Spool:
        return Spool(self.folder.name, session, hello, first, 10_000)

    def teardown(self) -> None:
        self.outbox.discard()
        assert list(Path(self.folder.name).iterdir()) == []
        self.folder.cleanup()

    @rule()
    def capture(self) -> None:
        self.outbox.add({"message": str(self.made)})
        self.made += 1

    @rule()
    def spill(self) -> None:
        self.outbox.spill()

    @rule(count=st.integers(1, 5), acknowledged=st.booleans())
    def send(self, count: int, acknowledged: bool) -> None:
        session, mark = self.outbox.session, self.marks.get(self.outbox.session, 0)
        for _ in range(count):
            frame = self.outbox.unsent()
            if frame is None:
                break
            mark = self.take(session, self.codec.load(frame), mark)
        if acknowledged:
            self.outbox.settle(min(mark, self.outbox.sent))

    def take(self, session: bytes, record: dict[str, Any], mark: int) -> int:
        assert record["seq"] <= mark + 1, "a gap within a connection"
        if record["seq"] == mark + 1:
            mark = self.marks[session] = record["seq"]
            self.counted.append(int(record["message"]))
        return mark

    @rule()
    def reconnect(self) -> None:
        if not self.outbox.resume(self.marks.get(self.outbox.session, 0) + 1):
            self.sessions += 1
            self.outbox = self.outbox.renewed(self.name())

    @precondition(lambda self: self.outbox.settled == self.marks.get(self.outbox.session, 0))
    @rule()
    def node_forgets(self) -> None:
        self.marks.clear()
        self.reconnect()

    @invariant()
    def everything_counts_once_and_in_order(self) -> None:
        assert self.counted == list(range(len(self.counted)))

    @invariant()
    def nothing_is_missing(self) -> None:
        unsettled = self.outbox.last - self.outbox.settled
        assert len(self.counted) + unsettled >= self.made

    @invariant()
    def the_spool_can_be_drained_by_the_node(self) -> None:
        if self.outbox.spool is not None:
            session, records = read_spool(Path(self.outbox.spool.path))
            assert session == self.outbox.session
            numbers = [record["seq"] for record in records]
            assert numbers == list(range(self.outbox.spool.first, self.outbox.spool.last + 1))


TestExchange = Exchange.TestCase
TestExchange.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
