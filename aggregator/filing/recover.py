"""A claim stands at *creating* and its holder is silent: find out whether an issue exists, and only then go on.

The holder may be dead, may have been us before a restart, or may be waiting for a lost answer. An issue may exist that
the list does not show yet. So, in this order, each with its own wait:

1. Look in the list. Found: record it; that ends the matter.
2. The head must stay unchanged for the takeover age on our own clock. A holder gives up creating long before that.
3. A second list, at least two minutes after the first.
4. Read issues by number from the claim's floor until 20 in a row do not exist: reads by number do not lag.
5. Take the claim over by fast-forward: of many who wait, one wins.
6. List and read on by number once more, then create within the deadline.
"""

from aggregator.filing.calls import OUT_OF_SIGHT, Elapsed, ReadIssue, ReadSample, Rejected, Steps, ask
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.claim import Claim
from aggregator.filing.listing import Found, is_about, look, read_found
from aggregator.filing.procedure import claim_for, create, win
from aggregator.filing.record import record_found
from aggregator.filing.room import Room
from aggregator.filing.settings import Settings
from aggregator.reason import Reason


def recover(case: Case, memory: Memory, settings: Settings, head: Claim, room: Room) -> Steps[Outcome]:
    """One step further with a claim that somebody (perhaps we) left at *creating*."""
    elapsed = yield from ask(Elapsed())
    memory.observe(head, elapsed)
    found = yield from look(case, settings)
    if found is not None:
        return (yield from record_found(case, memory, settings, found))
    if memory.listed_at is None:
        memory.listed_at = elapsed
    wait = max(memory.since + settings.takeover_age - elapsed, memory.listed_at + settings.relist_gap - elapsed)
    if wait > 0:
        reason = Reason.OUTCOME_UNKNOWN if head.node == settings.node else Reason.CLAIMED_BY_OTHER
        return outcome(case, "waiting", reason, again=wait)
    found = yield from read_by_number(case, memory, settings, head)
    if found is not None:
        return (yield from record_found(case, memory, settings, found))
    if not room.left():
        return outcome(case, "waiting", Reason.CAP_REACHED)
    return (yield from take_over(case, memory, settings, head, room))


def take_over(case: Case, memory: Memory, settings: Settings, head: Claim, room: Room) -> Steps[Outcome]:
    """Everything was waited for: win the claim from its silent holder, look a last time, create."""
    if not (yield from room.look(case, settings)):
        return outcome(case, "waiting", Reason.CAP_REACHED)
    sample = yield from ask(ReadSample(case.bundle.total.samples))
    started = yield from ask(Elapsed())
    won = yield from win(claim_for(case, settings, head), memory)
    if won is None:
        return outcome(case, "waiting", Reason.CLAIMED_BY_OTHER, again=settings.takeover_age)
    found = yield from read_by_number(case, memory, settings, head)
    if found is not None:
        return (yield from record_found(case, memory, settings, found))
    return (yield from create(case, memory, settings, won, started, sample, room))


def read_by_number(case: Case, memory: Memory, settings: Settings, head: Claim) -> Steps[Found | None]:
    """Read issues upwards from the claim's floor until enough in a row do not exist; none is read twice."""
    number, missing = max(head.floor, memory.read_to), 0
    while missing < settings.missing_in_a_row:
        number += 1
        try:
            issue = yield from ask(ReadIssue(case.bundle.repository, number))
        except Rejected as failure:
            if failure.reason not in OUT_OF_SIGHT:
                raise  # refused whatever the number: reading on would never end
            missing, memory.read_to = 0, number  # deleted, or moved away: the number existed
            continue
        if issue is None:
            missing += 1
            continue
        found = read_found(settings, issue)
        if is_about(case, found):
            return found
        missing, memory.read_to = 0, number
    return None
