"""One run of filing for one repository: list once, mend doubles, then each root in order of urgency.

Calls to GitHub of a run: the list (its pages), and for each root that is new at most 9 + the list's pages; for each
that is filed and was seen again at most 4, none when the list alone shows that nothing is to be done. Roots that wait
under a cap cost none.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from aggregator.filing.calls import Failure, HighestNumber, ListIssues, NotSent, Rejected, Steps, ask
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.follow import follow
from aggregator.filing.listing import Listing
from aggregator.filing.pursue import pursue
from aggregator.filing.settings import Caps, Settings
from aggregator.filing.sweep import sweep
from aggregator.reason import Reason

HOUR, DAY = 3600.0, 86_400.0  # seconds

# What makes it useless to go on with the other roots of the repository now.
STOP = frozenset(
    {
        Reason.RATE_LIMITED,
        Reason.GITHUB_AWAY,
        Reason.BAD_CREDENTIALS,
        Reason.NO_TOKEN,
        Reason.REPOSITORY_MISSING,
        Reason.REPOSITORY_PUBLIC,
        Reason.ISSUES_OFF,
        Reason.FORBIDDEN,
    }
)


class Run(NamedTuple):
    """What a run has to do."""

    repository: str
    cases: tuple[Case, ...]  # those with a number are filed already
    canonical: Callable[[str], str]
    now: float  # Unix seconds


def run(work: Run, memories: Mapping[str, Memory], settings: Settings) -> Steps[list[Outcome]]:
    """Carry out one run; one outcome for each case. Never raises: a failure is an outcome with its reason."""
    try:
        listed = Listing((yield from ask(ListIssues(work.repository))), settings)
        yield from sweep(work.repository, listed, settings, work.canonical)
        floor = yield from floor_for(work)
    except Failure as failure:
        return [failed(case, failure) for case in work.cases]
    outcomes: list[Outcome] = []
    cases = sorted(work.cases, key=lambda case: (case.number == 0, case.bundle.urgency()))
    stopped: Failure | None = None
    for each in cases:
        case = msgspec.structs.replace(each, floor=floor)
        if stopped is not None:
            outcomes.append(failed(case, stopped))
            continue
        room = has_room(listed, outcomes, memories, settings.caps, work.now)
        try:
            outcomes.append((yield from one(case, memories[case.bundle.root], settings, listed, room)))
        except Failure as failure:
            outcomes.append(failed(case, failure))
            stopped = failure if failure.reason in STOP else None
    return outcomes


def floor_for(work: Run) -> Steps[int]:
    """The highest number there is, where a root may be created; 0 and no call elsewhere."""
    if all(case.number for case in work.cases):
        return 0
    return (yield from ask(HighestNumber(work.repository)))


def one(case: Case, memory: Memory, settings: Settings, listed: Listing, room: bool) -> Steps[Outcome]:
    """One root: follow its issue, or pursue one."""
    if not case.number:
        return (yield from pursue(case, memory, settings, listed, may_create=room))
    return (yield from follow(case, memory, settings, listed.by_number.get(case.number)))


def has_room(listed: Listing, outcomes: list[Outcome], memories: Mapping[str, Memory], caps: Caps, now: float) -> bool:
    """Whether one more issue stays under the caps: GitHub's own list, this run's, and those whose answer was lost."""
    times = [issue.created_at for issue in listed.by_number.values()]
    times += [now for o in outcomes if o.reason is Reason.CREATED]
    times += [m.unknown_at for m in memories.values() if m.unknown_at is not None]
    return sum(now - time < HOUR for time in times) < caps.hour and sum(now - time < DAY for time in times) < caps.day


def failed(case: Case, failure: Failure) -> Outcome:
    """A failure as an outcome. What surely did nothing, or may have, is waited for; a refusal is shown as one."""
    state = "filed" if case.number else ("refused" if isinstance(failure, Rejected) else "waiting")
    again = failure.retry_after if isinstance(failure, NotSent) else 0.0
    return outcome(case, state, failure.reason, case.number, again, failure.text)
