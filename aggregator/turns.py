"""Which neighbour is to be compared with now: one comparison serves both sides.

Who hears a comparison that found nothing missing knows as much as who made it, and waits longer than the other does
until it makes one itself; so of two neighbours that agree one asks, and the other only when that one falls silent. Who
hears one that found a difference asks at once, for it may lack something; but not again and again where a
difference stays, because one of them may not take what the other has.
"""

from collections.abc import Iterable

EVERY = 2.0  # seconds between two comparisons of one pair
SOONEST = 0.8  # of `EVERY`
LATEST = 1.2  # of `EVERY`
QUIET = 1.5  # of `EVERY`: longer than the other's longest pause, so that turns do not change back and forth


class Turns:
    """When each neighbour is to be asked next. `elapsed` is any clock that does not step back, in seconds."""

    def __init__(self) -> None:
        self._asked: dict[str, float] = {}
        self._next: dict[str, float] = {}

    def keep(self, neighbours: Iterable[str]) -> None:
        """Forget who is no neighbour any more; who is new is asked at once."""
        there = set(neighbours)
        self._asked = {peer: at for peer, at in self._asked.items() if peer in there}
        self._next = {peer: at for peer, at in self._next.items() if peer in there}

    def asked(self, peer: str, elapsed: float, draw: float) -> None:
        """This node makes a comparison now. `draw`: from 0 to 1, by the caller."""
        self._asked[peer] = elapsed
        self._next[peer] = elapsed + EVERY * (SOONEST + (LATEST - SOONEST) * draw)

    def heard(self, peer: str, agrees: bool, elapsed: float) -> None:
        """That neighbour compared, and found that both have the same, or that they do not."""
        again = self._asked.get(peer, float("-inf")) + EVERY * SOONEST
        self._next[peer] = elapsed + EVERY * QUIET if agrees else max(elapsed, again)

    def mine(self, peer: str, elapsed: float) -> bool:
        """Whether this node is to compare with that neighbour now."""
        return elapsed >= self._next.get(peer, 0.0)

    def wait(self, peers: Iterable[str], elapsed: float) -> float:
        """Seconds until the next of these is to be asked, at most `EVERY`."""
        return min([EVERY, *(max(0.0, self._next.get(peer, 0.0) - elapsed) for peer in peers)])
