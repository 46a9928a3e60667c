"""How much one user may send: a bucket of records per user id, filled at the configured rate.

Off by default. A user that has emptied its bucket is refused until there is something in it again; one read may take it
below zero, so the bound holds over time, not to the record.
"""

BURST = 2.0  # seconds' worth of records that a bucket holds
USERS = 4096  # buckets; beyond, full ones are forgotten


class Rates:
    """Buckets by user id. `rate` in records a second; 0: no bound."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._buckets: dict[int, tuple[float, float]] = {}  # records left, and when

    def allows(self, user: int, now: float) -> bool:
        """Whether the user may send now (seconds of any steady clock)."""
        if not self._rate:
            return True
        left = self._left(user, now)
        if user not in self._buckets and len(self._buckets) >= USERS:
            self._forget(now)
        self._buckets[user] = left, now
        return left > 0

    def spend(self, user: int, records: int) -> None:
        """What was taken after `allows`."""
        if self._rate and records:
            left, at = self._buckets[user]
            self._buckets[user] = left - records, at

    def _left(self, user: int, now: float) -> float:
        most = self._rate * BURST
        left, at = self._buckets.get(user, (most, now))
        return min(most, left + (now - at) * self._rate)

    def _forget(self, now: float) -> None:
        most = self._rate * BURST
        self._buckets = {user: bucket for user, bucket in self._buckets.items() if self._left(user, now) < most}
