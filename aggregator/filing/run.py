"""One run of filing for one repository: list once, mend doubles, then each root in order of urgency.

Calls to GitHub of a run: the list (its pages); for each root that is new at most 15 + the list's pages, and for all
of these 40 reads by number where no more than 20 was made in a day, else 90, and those of issues that the list does
not show yet; for each that is filed and was seen again at most 4, none when the list alone shows that nothing is to
be done. Roots that wait under a cap cost none.
"""

from collections.abc import Callable, MutableMapping
from typing import NamedTuple

import msgspec

from aggregator.filing.calls import Failure, HighestNumber, ListIssues, Newest, NotSent, Rejected, Steps, ask
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.confirm import doubt, known_number
from aggregator.filing.follow import follow
from aggregator.filing.listing import Listing
from aggregator.filing.pursue import pursue
from aggregator.filing.room import DAY, Room, clock_of
from aggregator.filing.settings import Settings
from aggregator.filing.sweep import sweep
from aggregator.reason import Reason


class Run(NamedTuple):
    """What a run has to do."""

    repository: str
    cases: tuple[Case, ...]  # those with a number are filed already
    canonical: Callable[[str], str]
    now: float  # Unix seconds


def run(work: Run, memories: MutableMapping[str, Memory], settings: Settings) -> Steps[list[Outcome]]:
    """Carry out one run; one outcome for each case. Never raises: a failure is an outcome with its reason.

    `memories`: by root, of this repository alone, kept by the caller from run to run; what holds nothing is taken out.
    """
    try:
        listed = Listing((yield from ask(ListIssues(work.repository))), settings)
        yield from sweep(work.repository, listed, settings, work.canonical, work.now)
        newest = yield from newest_for(work)
    except Failure as failure:
        return [failed(case, failure) for case in work.cases]
    room = Room(settings.caps, clock_of(newest, work.now), newest.number, memories)
    room.note(listed)
    forget(memories, listed, room.now)
    outcomes: list[Outcome] = []
    cases = sorted(work.cases, key=lambda case: (case.number == 0, case.bundle.urgency()))
    stopped: Failure | None = None
    for each in cases:
        case = msgspec.structs.replace(each, floor=newest.number, clock=room.now)
        if stopped is not None:
            outcomes.append(failed(case, stopped))
            continue
        try:
            outcomes.append((yield from one(case, recall(memories, case), settings, listed, room)))
        except Failure as failure:
            outcomes.append(failed(case, failure))
            stopped = failure if failure.stops else None
    return outcomes


def newest_for(work: Run) -> Steps[Newest]:
    """How far the repository is, where a root may be created; nothing and no call elsewhere."""
    if all(case.number for case in work.cases):
        return Newest(0)
    return (yield from ask(HighestNumber(work.repository)))


def one(case: Case, memory: Memory, settings: Settings, listed: Listing, room: Room) -> Steps[Outcome]:
    """One root: pursue an issue where the book knows of none, and follow what was found."""
    if case.number:
        number = yield from known_number(case, memory, settings, listed)
        if not number:
            return (yield from doubt(case, memory, settings))
        memory.doubted_at = None
        case = msgspec.structs.replace(case, number=number)
        return (yield from follow(case, memory, settings, listed.by_number.get(number)))
    done = yield from pursue(case, memory, settings, listed, room)
    if done.reason not in (Reason.FOUND, Reason.ADOPTED):
        return done
    case = msgspec.structs.replace(case, number=done.number)
    followed = yield from follow(case, memory, settings, listed.by_number.get(case.number))
    return followed if followed.reason is not Reason.UP_TO_DATE else done._replace(again=followed.again)


def recall(memories: MutableMapping[str, Memory], case: Case) -> Memory:
    """What is remembered of the case's root; of an earlier generation, nothing counts any more."""
    known = memories.get(case.bundle.root)
    if known is None or known.generation != case.bundle.generation:
        known = memories[case.bundle.root] = Memory(case.bundle.generation)
    return known


def forget(memories: MutableMapping[str, Memory], listed: Listing, now: float) -> None:
    """Let go of creations that the list shows, or that no cap counts any more, and of memories that hold nothing."""
    for root, memory in list(memories.items()):
        shown = any(found.generation >= memory.generation for found in listed.by_root.get(root, []))
        if memory.posted_at is not None and (shown or now - memory.posted_at >= DAY):
            memory.posted_at, memory.posted = None, 0
        if memory == Memory(memory.generation):
            del memories[root]


def failed(case: Case, failure: Failure) -> Outcome:
    """A failure as an outcome. What surely did nothing, or may have, is waited for; a refusal is shown as one.

    What stops everything is no word about this root: it is waited for, too.
    """
    state = "refused" if isinstance(failure, Rejected) and not (failure.stops and case.number) else "waiting"
    again = failure.retry_after if isinstance(failure, NotSent) else 0.0
    return outcome(case, state, failure.reason, case.number, again, failure.text)
