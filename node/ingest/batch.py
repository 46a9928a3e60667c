"""What is committed together: occurrences, how far sessions got, samples, and who is waiting for an answer."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from aggregator.tally import Seen
from node.ingest.repeats import Repeat
from node.ingest.sampling import AT_ONCE, AT_ONCE_BYTES, Chosen, Shelf
from node.ingest.sessions import Session

REPEATS = 16_384  # different ways of being reported in one batch
ANSWERS = 16_384  # refusals and wishes that are answered one by one
RECORDS = 1_000_000


class Refusal(NamedTuple):
    seq: int
    reason: str


class Wish(NamedTuple):
    """A record whose sender wants to know its signature."""

    seq: int
    repeat: Repeat


class Reply:
    """What one sender is answered when the batch is settled."""

    __slots__ = ("ack", "alone", "refused", "wishes")

    def __init__(self) -> None:
        self.ack = 0  # the highest number, with a session
        self.refused: list[Refusal] = []
        self.wishes: list[Wish] = []
        self.alone: list[Repeat | str] = []  # records without a session, in order; a text is a reason of refusal


class Waiter(Protocol):
    """Who sent something in a batch. Both are called once per batch, and must not block."""

    def settled(self, reply: Reply) -> None: ...
    def failed(self, reason: str) -> None: ...


class Batch:
    """Grows while the one before it is committed."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.records = 0
        self.repeats: list[Repeat] = []
        self.sessions: dict[Session, int] = {}
        self.chosen = Shelf(AT_ONCE, AT_ONCE_BYTES)
        self.replies: dict[Waiter, Reply] = {}
        self.answers = 0

    def reply_to(self, waiter: Waiter) -> Reply:
        reply = self.replies.get(waiter)
        if reply is None:
            reply = self.replies[waiter] = Reply()
        return reply

    def full(self) -> bool:
        """Whether nothing more should be taken before the one before it is settled."""
        return self.records >= RECORDS or len(self.repeats) >= REPEATS or self.answers >= ANSWERS

    def take_chosen(self) -> Iterator[Chosen]:
        while self.chosen:
            chosen = self.chosen.first()
            self.chosen.discard(chosen)
            yield chosen

    def seen(self) -> list[Seen]:
        return [repeat.seen() for repeat in self.repeats]

    def marks(self) -> dict[bytes, int]:
        return {session.id: following for session, following in self.sessions.items()}


Answer = dict[str, Any]
