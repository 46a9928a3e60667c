"""Whether one more issue stays under the caps: 20 an hour and 50 a day, of the whole fleet.

Counted is what GitHub shows, on GitHub's own clock: no node has to hear of another, and one whose clock is wrong
counts like all. The list lags behind, and shows none whose label people took away; so what it does not show is read
by number, which does not lag, and known by its marker: once in a run back from the newest number, until enough in a
row are older than a day, and before claiming, and once more between winning and creating, on until enough in a row do
not exist: one alone says nothing, for discussions share the numbers, and answer like what does not exist. Enough is
much for the first look of a run, and little for those after it, because what this run has created shows how far the
numbers had come. What this process sent and cannot see yet counts too. What is left open is the moment between that
look and the POST: of several nodes that create in the same second, each may add one; where more numbers in a row than
a later look passes over had been taken by what is no issue before a run created anything, in the seconds of its first
filing.

Each way is bounded: in a run as many reads as a day may bring issues of ours, and those after which the scan by number
believes that it saw the end; ahead, besides, those that end each look: as many in the first, `SINCE` in each later one.
Where so much of a day lies behind the newest number, what was seen decides; where so much lies ahead of it, nobody
creates until the list has caught up.
"""

from collections.abc import Mapping

from aggregator.filing.calls import OUT_OF_SIGHT, Newest, ReadIssue, Rejected, Steps, ask
from aggregator.filing.case import Case, Memory
from aggregator.filing.listing import Listing, read_found
from aggregator.filing.settings import OWN_LABEL, Caps, Settings

HOUR, DAY = 3600.0, 86_400.0  # seconds
SINCE = 3  # numbers missing in a row after which a later look ends: discussions opened in the seconds of one filing


def reach(settings: Settings) -> int:
    """Numbers that are read at most in one direction, besides those that the list shows."""
    return max(settings.caps.day, settings.caps.hour) + settings.missing_in_a_row


class Room:
    """Of one repository, for one run. `now`: Unix seconds on GitHub's clock."""

    def __init__(self, caps: Caps, now: float, newest: int, memories: Mapping[str, Memory]) -> None:
        self.now = now
        self._caps, self._newest, self._memories = caps, newest, memories
        self._made: dict[int, float] = {}  # when each issue of ours was created, by number
        self._others: dict[int, float] = {}  # when those were that are not ours; 0: deleted, or moved away
        self._looked_back = False
        self._row = 0  # numbers missing in a row that end the look ahead; 0: there was none yet
        self._ahead = 0  # numbers read ahead that were taken

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
        """Whether there is room now. No number that exists is read twice in a run."""
        if not self._looked_back:
            yield from self._look_back(case, settings)
            self._looked_back = True
        room = yield from self._look_ahead(case, settings, self._row or settings.missing_in_a_row)
        self._row = SINCE if room else self._row
        return room

    def _look_back(self, case: Case, settings: Settings) -> Steps[None]:
        """Down from the newest, until all that is younger than a day was seen."""
        number, reads, old = self._newest, 0, 0
        while number > 0 and old < settings.missing_in_a_row and self.left():
            if not self._known(number):
                if reads == reach(settings):
                    return
                reads += 1
                yield from self._read(case, settings, number)
            created = self._made.get(number) or self._others.get(number)
            if created:  # of one that is not there nobody knows how old it was
                old = old + 1 if self.now - created >= DAY else 0
            number -= 1

    def _look_ahead(self, case: Case, settings: Settings, row: int) -> Steps[bool]:
        """Up from the newest, until `row` numbers are missing behind all that exists. What is missing before another
        that exists was taken, and is not read again; the others may be somebody's in a moment."""
        posted = {memory.posted for memory in self._memories.values()}
        number, missing = self._newest, list[int]()
        highest = max([number, *self._made, *posted])
        while self.left() and self._ahead + len(missing) < reach(settings):
            number += 1
            if not self._known(number) and number not in posted:
                if not (yield from self._read(case, settings, number)):
                    del self._others[number]
                    missing.append(number)
                    if len(missing) >= row and number > highest:
                        return True
                    continue
                self._ahead += 1
            self._ahead += len(missing)
            self._others.update(dict.fromkeys(missing, 0.0))
            missing.clear()
        return False

    def _known(self, number: int) -> bool:
        return number in self._made or number in self._others

    def _read(self, case: Case, settings: Settings, number: int) -> Steps[bool]:
        """Take note of a number. Returns whether it exists, or did."""
        try:
            issue = yield from ask(ReadIssue(case.bundle.repository, number))
        except Rejected as failure:
            if failure.reason not in OUT_OF_SIGHT:
                raise
            self._others[number] = 0.0
            return True
        if issue is not None and (OWN_LABEL in issue.labels or read_found(settings, issue) is not None):
            self._made[number] = issue.created_at
        else:
            self._others[number] = issue.created_at if issue is not None else 0.0
        return issue is not None


def clock_of(newest: Newest, now: float) -> float:
    """GitHub's clock; where it does not say, `now`."""
    return newest.at or now
