"""Whether one more issue stays under the caps: 20 an hour and 50 a day, of the whole fleet.

Counted is what GitHub shows, on GitHub's own clock: no node has to hear of another, and one whose clock is wrong counts
like all. The list lags behind, so what it does not show is read by number, which does not lag: before claiming, and for
what has come since once more between winning and creating. What this process sent and cannot see yet counts too. What
is left open is the moment between that look and the POST: of several nodes that create in the same second, each may
add one.
"""

from collections.abc import Mapping

from aggregator.filing.calls import Issue, Newest, ReadIssue, Rejected, Steps, ask
from aggregator.filing.case import Case, Memory
from aggregator.filing.listing import Listing, read_found
from aggregator.filing.settings import OWN_LABEL, Caps, Settings
from aggregator.reason import Reason

HOUR, DAY = 3600.0, 86_400.0  # seconds
BEHIND = 15  # numbers before the newest that are read, where the list does not show them as ours


class Room:
    """Of one repository, for one run. `now`: Unix seconds on GitHub's clock."""

    def __init__(self, caps: Caps, now: float, newest: int, memories: Mapping[str, Memory]) -> None:
        self.now = now
        self._caps, self._newest, self._memories = caps, newest, memories
        self._made: dict[int, float] = {}  # when each issue of ours was created, by number
        self._others: set[int] = set()  # numbers that are not ours

    def note(self, listed: Listing) -> None:
        """What a list shows."""
        self._made.update((number, issue.created_at) for number, issue in listed.by_number.items())

    def left(self) -> bool:
        """Whether there is room, as far as this run has seen."""
        posted = (m.posted_at for m in self._memories.values() if m.posted_at and m.posted not in self._made)
        times = [*self._made.values(), *posted]
        hour, day = (sum(self.now - time < span for time in times) for span in (HOUR, DAY))
        return hour < self._caps.hour and day < self._caps.day

    def look(self, case: Case, settings: Settings) -> Steps[bool]:
        """Whether there is room now, by number up to the first that does not exist; none is read twice in a run."""
        number = max(0, self._newest - BEHIND)
        while self.left():
            number += 1
            if number in self._made or number in self._others:
                continue
            try:
                issue = yield from ask(ReadIssue(case.bundle.repository, number))
            except Rejected as failure:
                if failure.reason is not Reason.GONE:
                    raise
                issue = None
            if issue is None and number > max(self._newest, *self._made, 0):
                return True
            self._take(number, issue, settings)
        return False

    def _take(self, number: int, issue: Issue | None, settings: Settings) -> None:
        ours = issue is not None and (OWN_LABEL in issue.labels or read_found(settings, issue) is not None)
        if issue is not None and ours:
            self._made[number] = issue.created_at
        else:
            self._others.add(number)


def clock_of(newest: Newest, now: float) -> float:
    """GitHub's clock; where it does not say, `now`."""
    return newest.at or now
