"""The ingest socket and the spool: bytes into a conversation, and what it took into pages and samples."""

from typing import Any, cast

from aggregator.author import Author
from aggregator.page import Origin, read_body
from aggregator.record import BadRecord, decode, encode
from aggregator.sample import redacted
from node.daemon import Naming
from node.ingest import wire
from node.ingest.batch import Batch
from node.ingest.counters import Counters
from node.ingest.desk import Desk
from node.ingest.sender import Sender
from node.ingest.sessions import Session
from tests.fuzz.laws import short
from tests.hostile import BAD, ODD, SESSION
from tests.sender import error, frame, numbered
from tests.stage.kit import LOOKBACK, NOW, WINDOW, FakeClock

ORIGIN = Origin("alice", "r" * 16)
LIMIT = 2**63  # SQLite holds no higher number
SEEDS = (
    *(bad.data[:5000] for bad in BAD),
    *ODD,
    b"".join(map(frame, [{"hello": 1, "session": SESSION}, *numbered([error(1), error(2, count=5)])])),
    frame(error(1, service="web", release="1", time=NOW, logs=["a"], context={"a": [1, {"b": None}]}, want=True)),
    frame({"message": "m", "messages": ["b"], "fingerprint": ["a"], "exceptions": [{"type": "A"}, {"type": "B"}]}),
)


class Nobody:
    """Counts nothing."""

    origin = ORIGIN


def conversation(data: bytes) -> None:
    """The first byte says in which pieces the rest arrives."""
    _converse(data[1:], pieces=1 + (data[0] if data else 0) * 7, last_writer=False)


def spool(data: bytes) -> None:
    """A file, read at once."""
    _converse(data, pieces=len(data) + 1, last_writer=True)


def _converse(data: bytes, pieces: int, *, last_writer: bool) -> None:
    nobody = cast("Any", Nobody())
    desk, counters = Desk(nobody, nobody, Naming(), FakeClock(), LOOKBACK), Counters()
    desk.begin()
    sender = Sender(desk, counters, {"uid": 1})
    sender.last_writer = last_writer
    rest = b""
    for start in range(0, len(data), pieces):
        rest = _feed(sender, rest + data[start : start + pieces])
    sender.finish(rest)
    _check_answers(sender, desk.batch)
    _check_counts(desk.batch)
    assert counters.records == desk.batch.records
    _check_samples(desk.batch)


def _feed(sender: Sender, data: bytes) -> bytes:
    buffer = bytearray(data)
    start = 0
    while sender.reading:
        start = sender.feed(buffer, memoryview(buffer), start, len(buffer))
        if sender.hello is None:
            break
        sender.resume(Session(sender.hello, 1))
    return bytes(buffer[start:]) if sender.over is None else b""


def _check_answers(sender: Sender, batch: Batch) -> None:
    answers: list[dict[str, Any]] = [sender.over] if sender.over else []
    for reply in batch.replies.values():
        answers += [{"seq": seq, "reason": reason} for seq, reason in reply.refused]
        answers += [{"reason": each} for each in reply.alone if isinstance(each, str)]
        answers += [{"signature": wish.repeat.signature, "seq": wish.seq} for wish in reply.wishes]
    for answer in answers:
        wire.encode(answer, json=sender.json is True)
        for said in (answer.get("reason"), answer.get("error")):
            if said is not None:
                short(said)
                assert not said.startswith("naming failed"), said


def _check_counts(batch: Batch) -> None:
    assert all(0 < following < LIMIT for following in batch.marks().values())
    assert sum(seen.count for seen in batch.seen()) >= len(batch.repeats)
    for page, tallies in Author(ORIGIN, WINDOW).stage(batch.seen(), NOW, lambda _: False).pages:
        assert read_body(page.body) == tallies


def _check_samples(batch: Batch) -> None:
    for chosen in batch.take_chosen():
        try:
            record = decode(chosen.frame, json=chosen.json)
        except BadRecord as why:
            short(str(why))
            continue
        kept = redacted(record, chosen.sender)
        assert decode(encode(kept)) == kept
