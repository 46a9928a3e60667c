"""While the node is away, repeats of an error are held back and written down as one: a storm fills no disk.

The first of each kind goes on at once. Equal ones that follow are added up in memory for a pause; at its end their sum
goes on as one record, and the next pause is twice as long. When the node is back, at a flush and at the end, all sums
go on. So a program that is killed loses at most the repeats of one pause, of errors that it has written down before.

Bounded in kinds. Full: the kind that was met first goes on with its sum, and is forgotten.
"""

from __future__ import annotations

import math

from aggregator import limits
from aggregator.client.fold import key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from aggregator.client.capture import Capture

KINDS = 256
FIRST_SECONDS = 1.0
MOST_SECONDS = 64.0  # an error that never stops writes some 1,400 records a day


class _Kind:
    __slots__ = ("example", "pause", "sum", "until")

    def __init__(self, example: Capture, now: float) -> None:
        self.example = example  # keeps alive what the key is made of
        self.sum: Capture | None = None
        self.begin(now, FIRST_SECONDS)

    def begin(self, now: float, pause: float) -> None:
        self.pause = pause
        self.until = now + pause


class Holding:
    """For the sender thread only. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, _Kind] = {}

    def held(self) -> int:
        """Captures that are held back."""
        return sum(kind.sum.count for kind in self._kinds.values() if kind.sum is not None)

    def due(self, now: float) -> float:
        """Seconds until a pause is over at whose end something goes on."""
        ends = [kind.until for kind in self._kinds.values() if kind.sum is not None]
        return max(0.0, min(ends) - now) if ends else math.inf

    def sift(self, captures: Sequence[Capture], now: float) -> list[Capture]:
        """What goes on now: of `captures`, and of what was held back before."""
        passed = [each for capture in captures for each in self._take(capture, now)]
        for kind in self._kinds.values():
            if kind.sum is not None and now >= kind.until:
                passed.append(kind.sum)
                kind.sum = None
                kind.begin(now, min(2 * kind.pause, MOST_SECONDS))
        return passed

    def release(self) -> list[Capture]:
        """All that is held back; and forget what was met."""
        kinds, self._kinds = self._kinds, {}
        return [kind.sum for kind in kinds.values() if kind.sum is not None]

    def _take(self, capture: Capture, now: float) -> list[Capture]:
        name = key(capture)
        if name is None or capture.ended:
            return [capture]
        kind = self._kinds.get(name)
        if kind is None:
            forgotten = self._make_room()
            self._kinds[name] = _Kind(capture, now)
            return [*forgotten, capture]
        if kind.sum is None and now >= kind.until:
            over = now >= kind.until + MOST_SECONDS  # no storm any more
            kind.begin(now, FIRST_SECONDS if over else min(2 * kind.pause, MOST_SECONDS))
            return [capture]
        return self._add(kind, capture)

    def _add(self, kind: _Kind, capture: Capture) -> list[Capture]:
        before = kind.sum
        if before is None or before.count + capture.count > limits.COUNT:
            kind.sum = capture
            return [] if before is None else [before]
        before.count += capture.count
        before.time = capture.time  # when it was last seen; the first of its kind says since when
        return []

    def _make_room(self) -> list[Capture]:
        if len(self._kinds) < KINDS:
            return []
        oldest = self._kinds.pop(next(iter(self._kinds)))
        return [] if oldest.sum is None else [oldest.sum]
