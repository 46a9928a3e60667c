"""Whether one more issue stays under the caps: 20 an hour and 50 a day, of the whole fleet.

Counted is what GitHub shows, on GitHub's own clock: no node has to hear of another, and one whose clock is wrong counts
like all. The list lags behind, so right before creating it is read once more, and behind its end issues are read by
number, which does not lag; what this process sent and cannot see yet counts too. What is left open is the moment
between that look and the POST: of several nodes that create in the same second, each may add one.
"""

from collections.abc import Mapping

from aggregator.filing.calls import Newest, ReadIssue, Rejected, Steps, ask
from aggregator.filing.case import Case, Memory
from aggregator.filing.listing import Listing, read_found
from aggregator.filing.settings import OWN_LABEL, Caps, Settings
from aggregator.reason import Reason

HOUR, DAY = 3600.0, 86_400.0  # seconds
BEHIND = 15  # numbers before the newest that are read at most, where none of ours is listed among them


class Room:
    """Of one repository, for one run. `now`: Unix seconds on GitHub's clock."""

    def __init__(self, caps: Caps, now: float, newest: int, memories: Mapping[str, Memory]) -> None:
        self.now = now
        self._caps, self._newest, self._memories = caps, newest, memories
        self._made: dict[int, float] = {}  # when each issue of ours was created, by number
        self._read_to = 0

    def note(self, listed: Listing) -> None:
        """What a list shows."""
        self._made.update((number, issue.created_at) for number, issue in listed.by_number.items())

    def left(self) -> bool:
        """Whether there is room, as far as this run has seen."""
        posted = (m.posted_at for m in self._memories.values() if m.posted_at and m.posted not in self._made)
        times = [*self._made.values(), *posted]
        hour, day = (sum(self.now - time < span for time in times) for span in (HOUR, DAY))
        return hour < self._caps.hour and day < self._caps.day

    def still(self, case: Case, listed: Listing, settings: Settings) -> Steps[bool]:
        """Whether there is room now: `listed` was read a moment ago."""
        self.note(listed)
        number = max(self._read_to, self._newest - BEHIND, max(self._made, default=0))
        while self.left():
            number += 1
            try:
                issue = yield from ask(ReadIssue(case.bundle.repository, number))
            except Rejected as failure:
                if failure.reason is not Reason.GONE:
                    raise
                continue
            if issue is None:
                return True
            self._read_to = number
            if OWN_LABEL in issue.labels or read_found(settings, issue) is not None:
                self._made[number] = issue.created_at
        return False


def clock_of(newest: Newest, now: float) -> float:
    """GitHub's clock; where it does not say, `now`."""
    return newest.at or now
