"""When to try the node again: soon at first, then ever later, never all clients at once."""

from __future__ import annotations

import os

FIRST_SECONDS = 0.1
MOST_SECONDS = 30.0


class Backoff:
    """Delays that double and are spread over the upper half of themselves."""

    def __init__(self) -> None:
        self._seconds = FIRST_SECONDS

    def next(self, random: float) -> float:
        """Seconds to wait now; `random` in [0, 1)."""
        delay = self._seconds * (0.5 + 0.5 * random)
        self._seconds = min(2 * self._seconds, MOST_SECONDS)
        return delay

    def reset(self) -> None:
        """The node has taken something."""
        self._seconds = FIRST_SECONDS


def random_fraction() -> float:
    """A number in [0, 1). The program's own `random` stays untouched: it may have seeded it."""
    return int.from_bytes(os.urandom(4), "big") / 2**32
