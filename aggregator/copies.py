"""Whether another machine runs with this node's key: its state directory was copied, and both run.

Counts bear it, for each run counts by itself. But what a node is asked for by its id reaches one of the two, and both
would stand for election under one name. So a node that notices the other is no candidate until it was silent for a
while; the other notices it likewise.

A sign of life is anything signed with this key under another run, with a moment at which that run was alive: when it
last counted something, or said that it is there. The former run of this very node was not alive after this one began,
and what is still around of it says nothing later than that, even if this disk forgot it (a restored backup). So only
moments after the start count, and only two of them, some time apart in themselves and in when they were heard.
"""

from typing import NamedTuple

APART = 10.0  # seconds between two signs of life; longer than a message is on its way
LASTING = 90.0  # seconds without a further sign until the other is believed to be gone; several periods of presence
REMEMBERED = 16  # runs; when full, the one heard of longest ago is forgotten
SIGNS = 64  # runs that are looked at at a time; further ones are left out

REMEDY = (
    "stop one of the two; there, move the state directory away, and aggregator join with a new invitation: until then "
    "neither files"
)


class Sign(NamedTuple):
    """The first sign of life of a run."""

    at: float  # Unix seconds, by the clock of who runs
    heard: float  # on the elapsed clock


class Copies:
    """`run`: of this process. `began`: Unix seconds."""

    def __init__(self, run: str, began: float) -> None:
        self._run, self._began = run, began
        self._first: dict[str, Sign] = {}
        self._noticed: float | None = None  # when the other was last heard to be alive, on the elapsed clock
        self._signs: dict[str, float] = {}  # by run: the latest moment at which it was alive, not looked at yet

    def alive(self, run: str, at: float) -> None:
        """Something was signed with this node's key by `run`, which was alive at `at`. Looked at when next asked."""
        if run in self._signs or len(self._signs) < SIGNS:
            self._signs[run] = max(at, self._signs.get(run, at))

    def sign(self, run: str, at: float, elapsed: float) -> None:
        """Something was signed with this node's key by `run`, which was alive at `at`."""
        if run == self._run or at <= self._began + APART:
            return
        first = self._first.setdefault(run, Sign(at, elapsed))
        if at - first.at >= APART and elapsed - first.heard >= APART:
            self._noticed = elapsed
            self._first[run] = Sign(at, elapsed)
        if len(self._first) > REMEMBERED:
            del self._first[min(self._first, key=lambda each: self._first[each].heard)]

    def running(self, elapsed: float) -> bool:
        """Whether another machine runs with this key, as far as was heard lately."""
        for run, at in self._signs.items():
            self.sign(run, at, elapsed)
        self._signs.clear()
        return self._noticed is not None and elapsed - self._noticed < LASTING
