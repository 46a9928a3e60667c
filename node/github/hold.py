"""Staying away when GitHub asks for it.

A rate limit speaks of the token, not of one call, and asking on while it holds may ban the token. So it is kept where
all calls pass: until the time is over nothing is sent at all. Limits in a row double the wait, as GitHub asks.
"""

DOUBLINGS = 4  # at most 16 times the wait that was asked for
LONGEST = 3700.0  # seconds; the primary limit is reset every hour


class Hold:
    """`now`: seconds on a clock that never steps."""

    def __init__(self) -> None:
        self._until = 0.0
        self._in_a_row = 0

    def left(self, now: float) -> float:
        """Seconds still to stay away; 0: none."""
        return max(self._until - now, 0.0)

    def refused(self, wait: float, now: float) -> float:
        """A rate limit was met that asks for `wait` seconds. Returns how long to stay away."""
        wait = min(wait * 2 ** min(self._in_a_row, DOUBLINGS), LONGEST)
        self._in_a_row += 1
        self._until = max(self._until, now + wait)
        return wait

    def passed(self) -> None:
        """A call went through."""
        self._in_a_row = 0
