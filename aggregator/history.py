"""What left the lookback, per signature and day, for 30 days: this node's own memory, never sent, never due by itself.

It answers how often an error has occurred beyond the lookback, and it keeps what an issue needs to say about a root
that became due and then waited longer than the lookback (GitHub away, token revoked). What left the lookback lately is
still in pages, `aged`, and may come back into it when a clock is put right; it becomes part of a day when these go.
"""

from collections.abc import Container, Iterable
from typing import NamedTuple

from aggregator.index import Index, discard
from aggregator.ledger import Folded
from aggregator.named import root_among
from aggregator.tally import Total, combine, total

DAY = 86_400  # seconds
KEPT_DAYS = 30


class DayKey(NamedTuple):
    signature: str
    day: int  # days since 1970-01-01


class History:
    """Totals by signature and day. Not a copy of the store: the store is a copy of it. `aged`: the ledger's."""

    def __init__(self, aged: Index | None = None) -> None:
        self._aged = aged or Index()
        self._days: dict[str, dict[int, tuple[str, Total]]] = {}
        self._roots: dict[str, set[str]] = {}

    def fold(self, folded: Iterable[Folded]) -> list[tuple[DayKey, str, Total]]:
        """Add what left the ledger. Returns the rows (key, root, total) that changed, for the store."""
        changed: dict[DayKey, None] = {}
        for each in folded:
            key = DayKey(each.signature, each.window // DAY)
            part = total([(each.peer, each.tally)])
            if part:
                roots = [each.tally.root, *(root for root, _ in self._at(key))]
                before = [day_total for _, day_total in self._at(key)]
                self.put(key, root_among(key.signature, roots), combine([part, *before]))
                changed[key] = None
        return [(key, *self._days[key.signature][key.day]) for key in changed]

    def put(self, key: DayKey, root: str, day_total: Total) -> None:
        """Set one row, as it comes from the store."""
        before = self._at(key)
        self._days.setdefault(key.signature, {})[key.day] = root, day_total
        self._roots.setdefault(root, set()).add(key.signature)
        for former, _ in before:
            self._leave(former, key.signature)

    def expire(self, now: float, waiting: Container[str] = ()) -> list[DayKey]:
        """Let go of days older than 30 days; returns them, for the store. Roots that are `waiting` to be filed stay."""
        oldest = int(now // DAY) - KEPT_DAYS
        gone = [
            DayKey(signature, day)
            for signature, days in self._days.items()
            for day, (root, _) in days.items()
            if day < oldest and root not in waiting
        ]
        for key in gone:
            root, _ = self._days[key.signature].pop(key.day)
            if not self._days[key.signature]:
                del self._days[key.signature]
            self._leave(root, key.signature)
        return gone

    def total(self, signatures: Iterable[str]) -> Total | None:
        """The sum over all that left the lookback and is kept; None when nothing is."""
        named = list(signatures)
        parts = [day_total for s in named for _, day_total in self._days.get(s, {}).values()]
        parts += filter(None, [self._aged.total(named)])
        return combine(parts) if parts else None

    def roots(self) -> Iterable[str]:
        return self._roots.keys() | self._aged.roots()

    def signatures_of(self, root: str) -> set[str]:
        return self._roots.get(root, set()) | self._aged.signatures_of(root)

    def _leave(self, root: str, signature: str) -> None:
        if all(each != root for each, _ in self._days.get(signature, {}).values()):
            discard(self._roots, root, signature)

    def _at(self, key: DayKey) -> list[tuple[str, Total]]:
        """The row, if there is one."""
        entry = self._days.get(key.signature, {}).get(key.day)
        return [entry] if entry else []
