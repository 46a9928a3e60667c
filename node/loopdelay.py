"""How late the event loop is: what computes for too long, in whatever stage, shows here first."""

from collections import deque

import trio

EVERY = 1.0  # seconds between two looks
KEPT = 60  # looks: the worst of the last minute is told, so that a scrape each minute misses none


class LoopDelay:
    """Use `run`."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=KEPT)

    @property
    def worst(self) -> float:
        """Seconds, within the last minute."""
        return max(self._seen, default=0.0)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            wanted = trio.current_time() + EVERY
            await trio.sleep_until(wanted)
            self._seen.append(max(trio.current_time() - wanted, 0.0))
