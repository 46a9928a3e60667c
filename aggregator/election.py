"""Who files for a repository, and how long the others wait.

Candidates are ranked per repository by rendezvous hash: every node computes the same order from the same members, no
votes, no terms, and the repositories of a fleet spread over its nodes. Rank 0 acts at the tick; rank r waits r times
the takeover time, looks again at what was done meanwhile, and acts on what nobody claimed.

Ranking only keeps nodes from working twice. What prevents duplicates is the claim (`filing/claim.py`): two nodes that
both believe to be first do no harm.
"""

import hashlib
from collections.abc import Iterable

from aggregator.book import Fact, FactKey, Standing

RANKS = 4  # the first so many act at all
LONGEST_WAIT = 120.0  # seconds: who is always at work and never done holds up nobody for longer


def ranked(repository: str, candidates: Iterable[str]) -> list[str]:
    """Peer ids, first in rank first."""
    return sorted(candidates, key=lambda peer: _weight(repository, peer), reverse=True)


def rank_of(peer: str, repository: str, candidates: Iterable[str]) -> int | None:
    """The rank of `peer`, 0 first; None where it is no candidate, or stands too far behind to act."""
    order = ranked(repository, candidates)[:RANKS]
    return order.index(peer) if peer in order else None


def wait_for(rank: int, takeover: float) -> float:
    """Seconds after the tick, without anybody's progress, until this rank acts."""
    return rank * takeover


class Progress:
    """When others were last seen at work, by repository: a claim or an issue. That something is due is none."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def entered(self, facts: Iterable[tuple[FactKey, Fact]], elapsed: float) -> None:
        """What the book learnt."""
        for key, fact in facts:
            if fact.standing is not Standing.PENDING:
                self._seen[key.repository.lower()] = elapsed

    def left(self, repository: str, began: float, seconds: float, elapsed: float) -> float:
        """Seconds until for so long nobody has made progress, counted from `began` (elapsed time); 0 or less: now."""
        last = max(began, self._seen.get(repository.lower(), 0.0))
        return min(last + seconds, began + max(LONGEST_WAIT, seconds)) - elapsed


def _weight(repository: str, peer: str) -> bytes:
    return hashlib.blake2b(f"{repository.lower()}\0{peer}".encode(), digest_size=16).digest()
