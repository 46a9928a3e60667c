"""Who is there: what each node last said of itself, and whom that makes a candidate.

Nodes say that they are there every `period`, which grows with the fleet so that presence stays a small part of the
gossip budget. Who has not been heard for three periods is away: shown as such, and no candidate. Who says that it
leaves is gone at once, which is not a failure. Nothing depends on these being exact: a dead first candidate costs the
others one wait.
"""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.copies import APART
from aggregator.message import Presence

SHORTEST = 5.0  # seconds between two presences of one node
SHARE = 4.0  # presences a second, of all nodes together, at most
MISSED = 3  # periods without a word until a node is away
REMEMBERED = 10_000  # nodes; beyond, the one heard longest ago is forgotten


class Seen(NamedTuple):
    presence: Presence
    heard: float  # on this node's own elapsed clock


def period(nodes: int) -> float:
    """Seconds between two presences of one node in a fleet of `nodes`."""
    return max(SHORTEST, nodes / SHARE)


class Heard(NamedTuple):
    """From when to when a run was heard, on this node's own elapsed clock."""

    first: float
    last: float
    at: float  # of its last presence, Unix seconds on its own clock


class Peers:
    """The last presence of every other node."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}
        self._runs: dict[str, dict[str, Heard]] = {}  # of those that were heard under more than one, the last two

    def hear(self, peer: str, presence: Presence, elapsed: float) -> bool:
        """Take in a presence. Returns whether it is news: what somebody kept and passes on again is not."""
        old = self._seen.get(peer)
        if old and self._stale(peer, old, presence, elapsed):
            return False
        self._note_run(peer, old, presence, elapsed)
        self._seen[peer] = Seen(presence, elapsed)
        if len(self._seen) > REMEMBERED:
            self.forget(min(self._seen, key=lambda each: self._seen[each].heard))
        return True

    def _stale(self, peer: str, old: Seen, presence: Presence, elapsed: float) -> bool:
        """Whether it was said before what is known. A run that begins says something later than the one before it, but
        for a clock that was set back: then it is heard when the one before is away."""
        if presence.run == old.presence.run:
            return presence.at <= old.presence.at
        known = self._runs.get(peer, {}).get(presence.run)
        if known and presence.at <= known.at:
            return True
        return presence.at < old.presence.at - APART and not self._silent(old, elapsed)

    def _note_run(self, peer: str, old: Seen | None, presence: Presence, elapsed: float) -> None:
        run = presence.run
        if old is None or (old.presence.run == run and peer not in self._runs):
            return
        runs = self._runs.setdefault(peer, {old.presence.run: Heard(old.heard, old.heard, old.presence.at)})
        runs[run] = Heard(runs[run].first if run in runs else elapsed, elapsed, presence.at)
        if len(runs) > 2:
            del runs[min(runs, key=lambda each: runs[each].last)]

    def copied(self, peer: str, elapsed: float) -> bool:
        """Whether two machines run with its key: two runs speak by turns. A run that ended is not heard again."""
        runs = list(self._runs.get(peer, {}).values())
        if len(runs) < 2:
            return False
        both = min(each.last for each in runs) - max(each.first for each in runs)
        lately = MISSED * period(len(self._seen) + 1) + APART
        return both >= APART and elapsed - min(each.last for each in runs) <= lately

    def state(self, peer: str, elapsed: float) -> str:
        """`here`, `away`, `left`, or `unknown`."""
        seen = self._seen.get(peer)
        if seen is None:
            return "unknown"
        if seen.presence.leaving:
            return "left"
        return "away" if self._silent(seen, elapsed) else "here"

    def _silent(self, seen: Seen, elapsed: float) -> bool:
        return elapsed - seen.heard > MISSED * period(len(self._seen) + 1)

    def here(self, elapsed: float) -> list[str]:
        """Peer ids of the nodes that are there."""
        return [peer for peer in self._seen if self.state(peer, elapsed) == "here"]

    def candidates(self, repository: str, elapsed: float) -> list[str]:
        """Those that are there, settled, and may file for `repository`."""
        name = repository.lower()
        return [
            peer
            for peer in self.here(elapsed)
            if self._seen[peer].presence.settled
            and name in _lower(self._seen[peer].presence.candidate)
            and not self.copied(peer, elapsed)
        ]

    def able(self, elapsed: float) -> dict[str, set[str]]:
        """By repository, lower case: who is there and may file for it, settled or not."""
        out: dict[str, set[str]] = {}
        for peer in self.here(elapsed):
            for name in _lower(self._seen[peer].presence.candidate):
                out.setdefault(name, set()).add(peer)
        return out

    def addresses_of(self, peer: str) -> list[str]:
        """Where a node says that it is."""
        seen = self._seen.get(peer)
        return list(seen.presence.addresses) if seen else []

    def clocks(self, now: float, elapsed: float) -> list[float]:
        """By how many seconds `now` is ahead of the clock of each node that is there; the way here makes it less.

        A node that set its clock back shows its old one for as long, since what it says of itself never goes back.
        """
        heard = [self._seen[peer] for peer in self.here(elapsed)]
        return [now - (elapsed - each.heard) - each.presence.at for each in heard]

    def get(self, peer: str) -> Seen | None:
        return self._seen.get(peer)

    def everybody(self) -> Iterable[str]:
        return self._seen.keys()

    def forget(self, peer: str) -> None:
        self._seen.pop(peer, None)
        self._runs.pop(peer, None)


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}
