"""From a root that is due to its issue: claim, look, create, record.

Promise: under one claim at most one issue is ever created. Creating is allowed only to who has just moved the claim's
head itself (GitHub lets one of many succeed), within 20 s of *starting* to do so, after looking, and once: the call is
never repeated. If its answer is lost, the claim stays *creating* and `recover.py` finds out what happened.

The 20 s run from before the claim was sent, on a clock that counts suspension, so a process that was stopped anywhere
between claiming and creating gives up instead of creating late.
"""

import msgspec

from aggregator import render
from aggregator.book import Fact, Standing
from aggregator.filing.calls import (
    AddLabels,
    AdvanceClaim,
    CreateClaim,
    CreateIssue,
    Elapsed,
    Failure,
    Intend,
    Issue,
    Note,
    NotSent,
    ReadClaim,
    Rejected,
    Steps,
    Unsure,
    ask,
)
from aggregator.filing.case import Case, Memory, Outcome, first_claim, outcome
from aggregator.filing.claim import Claim
from aggregator.filing.listing import relist
from aggregator.filing.record import record, record_found
from aggregator.filing.room import Room
from aggregator.filing.settings import OWN_LABEL, Settings
from aggregator.reason import Reason
from aggregator.record import ErrorRecord


def claim_and_create(
    case: Case, memory: Memory, settings: Settings, head: Claim | None, sample: ErrorRecord | None, room: Room
) -> Steps[Outcome]:
    """Claim the root, on top of `head` where there is one that may be followed, and create its issue."""
    if not (yield from room.look(case, settings)):
        return outcome(case, "waiting", Reason.CAP_REACHED)
    started = yield from ask(Elapsed())
    won = yield from win(claim_for(case, settings, head), memory)
    if won is None:
        return outcome(case, "waiting", Reason.CLAIMED_BY_OTHER, again=settings.takeover_age)
    return (yield from create(case, memory, settings, won, started, sample, room))


def claim_for(case: Case, settings: Settings, head: Claim | None) -> Claim:
    """The claim of this attempt: the first, the next of the same generation, or the first of a new one.

    After a *released* head nothing of ours is out there, so its old floor need not be kept.
    """
    if head is not None and head.generation == case.bundle.generation:
        floor = max(head.floor, case.floor) if head.state == "released" else head.floor
        following = head.next(nonce=case.nonce, node=settings.node, login=settings.login, at=case.now)
        return msgspec.structs.replace(following, floor=floor)
    first = first_claim(case, settings, case.floor)
    return first if head is None else msgspec.structs.replace(first, parent=head.sha)


def win(claim: Claim, memory: Memory) -> Steps[Claim | None]:
    """Make `claim` the head. The claim with its commit if it is; None if somebody else was quicker.

    A lost answer is cleared up by reading. What cannot be cleared up raises `NotSent`: nothing was created under it.
    """
    yield from ask(Intend(claim))
    memory.unsent = claim.nonce
    try:
        return (yield from ask(AdvanceClaim(claim) if claim.parent else CreateClaim(claim)))
    except Unsure as failure:
        head = yield from ask(ReadClaim(claim.repository, claim.root))
        if head is not None and head.nonce == claim.nonce and head.state == "creating":
            return head
        raise NotSent(failure.reason, failure.text) from failure


def create(
    case: Case,
    memory: Memory,
    settings: Settings,
    claim: Claim,
    started: float,
    sample: ErrorRecord | None,
    room: Room,
) -> Steps[Outcome]:
    """Create the issue under a claim that this process has just won."""
    listed = yield from relist(case, settings)
    found = listed.find(case)
    if found is not None:
        return (yield from record_found(case, memory, settings, found))
    room.note(listed)
    if not (yield from room.look(case, settings)):
        yield from release(claim, case.now)
        return outcome(case, "waiting", Reason.CAP_REACHED)
    post = CreateIssue(
        case.bundle.repository,
        render.title(case.bundle, sample, settings),
        render.body(case.bundle, sample, settings, case.now, previous=case.previous),
        render.labels(case.bundle, settings),
    )
    elapsed = yield from ask(Elapsed())
    if elapsed - started > settings.create_deadline:
        yield from release(claim, case.now)
        return outcome(case, "due", Reason.OUT_OF_TIME)
    return (yield from send(case, memory, settings, claim, post))


def send(case: Case, memory: Memory, settings: Settings, claim: Claim, post: CreateIssue) -> Steps[Outcome]:
    """The one POST. From here until its answer is understood, nobody may create on this claim."""
    memory.unsent, memory.posted_at, memory.posted = "", case.clock, 0
    try:
        issue = yield from ask(post)
    except Unsure as failure:
        yield from ask(Note(case.bundle.key, Fact(Standing.CLAIMED, case.bundle.since)))
        return outcome(case, "waiting", Reason.OUTCOME_UNKNOWN, again=settings.takeover_age, text=failure.text)
    except (NotSent, Rejected):
        memory.unsent, memory.posted_at = claim.nonce, None
        yield from release(claim, case.now)
        raise
    memory.unrecorded = memory.posted = issue.number
    memory.posted_at = issue.created_at
    done = yield from record(case, memory, settings, issue.number, Reason.CREATED, head=claim)
    yield from ensure_listed(issue, settings)
    return done


def ensure_listed(issue: Issue, settings: Settings) -> Steps[None]:
    """GitHub leaves out the labels of who may not set them, and says nothing; ours is what the issue is listed by.

    The claim knows the issue without it, so a failure costs only that the list does not show it.
    """
    if OWN_LABEL in issue.labels:
        return
    try:
        yield from ask(AddLabels(issue.repository, issue.number, (OWN_LABEL,)))
    except Failure:
        return


def release(claim: Claim, now: float) -> Steps[None]:
    """Give the claim back, as well as it goes: surely nothing was created under it.

    If that fails too, the claim stays *creating*: this process knows from `Memory.unsent` that it may go on at once,
    everybody else waits for the takeover age.
    """
    try:
        yield from ask(AdvanceClaim(claim.released(now)))
    except Failure:
        return
