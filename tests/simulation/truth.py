"""What really happened to every record, seen from outside: what the counts are measured against.

A record is *reported* by a client, *committed* by a node into one version of one page, *acknowledged* to the client.
Where a disk is lost or set back, what stood nowhere else may be gone, and what was committed but not acknowledged may
be sent and counted again: both are noted at that moment, and allowed to be so, but nothing else is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aggregator.page import PageKey


class Commit(NamedTuple):
    """A record is in this page from this version on."""

    key: PageKey
    sequence: int


def error_of(name: str) -> str:
    """Which error a signature or root names, whatever its version."""
    return name[3:]


class Truth:
    """By uid of a record."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[str, int]] = {}  # error, count
        self.commits: dict[str, list[Commit]] = {}
        self.acked: set[str] = set()
        self.doubtful: set[str] = set()  # committed and not acknowledged when a disk was lost
        self.gone: set[tuple[str, Commit]] = set()  # stood on no other disk when one was lost
        self.total: Counter[str] = Counter()  # committed occurrences by error: no node may ever count more

    def reported(self, uid: str, signature: str, count: int) -> None:
        self.records[uid] = error_of(signature), count

    def committed(self, uid: str, commit: Commit) -> None:
        self.commits.setdefault(uid, []).append(commit)
        error, count = self.records[uid]
        self.total[error] += count

    def acknowledged(self, uid: str) -> None:
        assert uid in self.commits, f"{uid} was acknowledged and is not counted"
        self.acked.add(uid)

    def disk_lost(self, left: Iterable[Mapping[PageKey, int]]) -> None:
        """A disk was lost, or set back; `left`: the versions on all disks that there are now."""
        best: dict[PageKey, int] = {}
        for versions in left:
            for key, sequence in versions.items():
                best[key] = max(sequence, best.get(key, 0))
        for uid, commits in self.commits.items():
            self.gone |= {(uid, c) for c in commits if c.sequence > best.get(c.key, 0)}
            if uid not in self.acked:
                self.doubtful.add(uid)

    def expected(self, versions: Mapping[PageKey, int]) -> Counter[str]:
        """What these page versions must add up to. Raises `AssertionError` where a record is missing or double."""
        out: Counter[str] = Counter()
        for uid, (error, count) in self.records.items():
            commits = self.commits.get(uid, [])
            there = [c for c in commits if versions.get(c.key, 0) >= c.sequence]
            if uid in self.acked and not there:
                lost = bool(commits) and all((uid, c) in self.gone for c in commits)
                assert lost, f"{uid} was acknowledged and is not counted"
            assert len(there) <= 1 or uid in self.doubtful, f"{uid} is counted {len(there)} times"
            out[error] += count * len(there)
        return +out
