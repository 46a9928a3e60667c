"""The draws of the day, and the chosen records that wait to be redacted. The rule is in `aggregator.sample`.

A kept record is decoded whole and redacted, which costs as much as counting hundreds. So only the first `AT_ONCE` of a
batch are committed with it; the others wait in a queue and are worked off beside the counting, never for more than a
third of the time. Full queue: the record is counted as always, but not kept.

The draws are bounded like the repeats; one that was forgotten begins anew, and its samples replace the earlier ones.
"""

import random
import secrets
from typing import Any, NamedTuple, Protocol

from aggregator.sample import SLOTS, next_due
from aggregator.sealed import DRAWN_CHARS, owner

DRAWS = 16_384  # signatures
AT_ONCE = 4  # samples that are committed with their batch
QUEUE = 2048  # samples that wait
QUEUE_BYTES = 16 * 1024 * 1024
AT_ONCE_BYTES = 512 * 1024


class Chance(Protocol):
    """`random.Random`."""

    def random(self) -> float: ...
    def randrange(self, stop: int, /) -> int: ...


class Draw:
    """The reservoir of one signature."""

    __slots__ = ("due", "ids", "passed", "signature")

    def __init__(self, signature: str) -> None:
        self.signature = signature
        self.passed = 0  # records of the day
        self.due = 1  # the one that is kept next
        self.ids: tuple[str, ...] = ()

    def clear(self) -> None:
        self.passed, self.due, self.ids = 0, 1, ()


class Chosen(NamedTuple):
    """A record that is to be kept, as it came."""

    signature: str
    day: int
    slot: int
    id: str
    frame: bytes
    json: bool
    sender: dict[str, Any]


class Shelf:
    """Chosen records, the oldest first, at most one per signature and slot, and bounded."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: dict[tuple[str, int], Chosen] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, chosen: Chosen) -> bool:
        """Keep it, in the place of an earlier one of its slot. Returns whether there was room."""
        key = chosen.signature, chosen.slot
        old = self._kept.get(key)
        size = self._bytes + len(chosen.frame) - (len(old.frame) if old else 0)
        if size > self._most_bytes or (old is None and len(self._kept) >= self._most):
            return False
        self._kept[key] = chosen
        self._bytes = size
        return True

    def discard(self, chosen: Chosen) -> None:
        """Let go of what is kept in its slot."""
        old = self._kept.pop((chosen.signature, chosen.slot), None)
        self._bytes -= len(old.frame) if old else 0

    def first(self) -> Chosen:
        """The oldest. There must be one."""
        return next(iter(self._kept.values()))

    def __contains__(self, chosen: Chosen) -> bool:
        return self._kept.get((chosen.signature, chosen.slot)) is chosen


class Sampler:
    """All draws of the day, and the chosen records that wait to be redacted."""

    def __init__(self, chance: Chance | None = None, peer: str = "") -> None:
        self._owner = owner(peer)
        self.left_out = 0  # records that were chosen while the queue was full
        self.waiting = Shelf(QUEUE, QUEUE_BYTES)
        self._chance = chance or random.Random(secrets.token_bytes(32))  # noqa: S311  # nobody sees what it draws
        self._draws: dict[str, Draw] = {}
        self._day = 0

    def draw_of(self, signature: str) -> Draw:
        draw = self._draws.get(signature)
        if draw is None:
            if len(self._draws) >= DRAWS:
                del self._draws[next(iter(self._draws))]
            draw = self._draws[signature] = Draw(signature)
        return draw

    def begin(self, day: int) -> None:
        """Everything that follows happens on `day`."""
        if day != self._day:
            self._day = day
            self.reset()

    def reset(self) -> None:
        """Begin all draws anew: a new day, or a batch whose samples were not committed."""
        for draw in self._draws.values():
            draw.clear()

    def choose(self, draw: Draw, frame: memoryview, json: bool, sender: dict[str, Any]) -> Chosen:
        """Copy `frame`, the record that is due, and draw the next one. To be kept only if `keep` finds room."""
        draw.due = next_due(draw.passed, self._chance.random())
        slot = len(draw.ids) if len(draw.ids) < SLOTS else self._chance.randrange(SLOTS)
        return Chosen(
            draw.signature,
            self._day,
            slot,
            secrets.token_hex(DRAWN_CHARS // 2) + self._owner,
            bytes(frame),
            json,
            sender,
        )

    def keep(self, draw: Draw, chosen: Chosen, at_once: Shelf) -> None:
        """Put it on the shelf that is committed with its batch, else on the one that waits, else leave it out."""
        if at_once.put(chosen):
            self.waiting.discard(chosen)  # which would otherwise be written later, and replace it
        elif not self.waiting.put(chosen):
            self.left_out += 1
            return
        draw.ids = (*draw.ids[: chosen.slot], chosen.id, *draw.ids[chosen.slot + 1 :])
