"""Which runs of one peer count in one window: the first 256 by name, whatever the order in which they are heard of.

A member that says to have begun anew again and again would fill everybody's memory, so there is a bound; and what is
kept within it has to be the same everywhere, or two nodes would count differently for ever. Of any two sets of runs the
first 256 of both together are the first 256 of what each has kept, so it does not matter who hears of what when: a run
that is kept may be displaced by one before it, and one that is not among them never comes back.

An honest node does not come to that: where a window has no room for its run, it counts in the next one that has.
"""

from typing import NamedTuple

from aggregator.page import Origin, PageKey

RUNS = 256  # of one peer that count in one window; a node that is started every few seconds has fewer


class Place(NamedTuple):
    """Where runs compete for room."""

    peer: str
    window: int


class Runs:
    """The runs that are kept, and the numbers of their pages."""

    def __init__(self) -> None:
        self._runs: dict[Place, dict[str, set[int]]] = {}

    def add(self, key: PageKey) -> list[PageKey]:
        """A page is kept from now on, which is not `beyond`. Returns what has to go for it."""
        place = Place(key.origin.peer, key.window)
        kept = self._runs.setdefault(place, {})
        kept.setdefault(key.origin.run, set()).add(key.number)
        if len(kept) <= RUNS:
            return []
        last = max(kept)
        return [PageKey(Origin(place.peer, last), place.window, number) for number in sorted(kept.pop(last))]

    def remove(self, key: PageKey) -> None:
        """A page is not kept any more."""
        place = Place(key.origin.peer, key.window)
        kept = self._runs.get(place, {})
        numbers = kept.get(key.origin.run, set())
        numbers.discard(key.number)
        if not numbers:
            kept.pop(key.origin.run, None)
        if not kept:
            self._runs.pop(place, None)

    def crowded(self, peer: str, window: int) -> bool:
        """Whether some run of that peer may have no place in that window."""
        return len(self._runs.get(Place(peer, window), ())) >= RUNS

    def beyond(self, origin: Origin, window: int) -> bool:
        """Whether so many runs before this one are kept that it has no place among them."""
        kept = self._runs.get(Place(origin.peer, window), {})
        return len(kept) >= RUNS and origin.run > max(kept)

    def full(self, origin: Origin, window: int) -> bool:
        """Whether this run could only be kept by displacing another."""
        kept = self._runs.get(Place(origin.peer, window), {})
        return len(kept) >= RUNS and origin.run not in kept


def first_with_room(runs: Runs, origin: Origin, window: int, length: int) -> int:
    """The first window, from this one on, in which a run has a place without displacing another."""
    while runs.full(origin, window):
        window += length
    return window
