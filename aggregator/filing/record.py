"""The issue is known: let the claim and the book say so.

*Filed* absorbs. The number goes on top of whatever *creating* or *released* head there is, whoever made that, because a
number that exists ends all attempts. If the head already says another number, two issues exist for one root: the lower
stays, the higher is closed as its duplicate.
"""

import msgspec

from aggregator.book import Fact, Standing
from aggregator.filing.calls import (
    AdvanceClaim,
    CreateClaim,
    Note,
    NotSent,
    ReadClaim,
    ReadIssue,
    Rejected,
    Steps,
    ask,
)
from aggregator.filing.case import Case, Memory, Outcome, about, first_claim, outcome
from aggregator.filing.claim import Claim
from aggregator.filing.duplicate import close_as_duplicate
from aggregator.filing.listing import Found, is_about, read_found
from aggregator.filing.settings import Settings
from aggregator.reason import Reason

TRIES = 4  # heads that may slip in between reading and advancing, before it is left to a later run
LATER = 60.0  # seconds; a read of a ref may lag, and then no head that is read can be advanced


def record(
    case: Case,
    memory: Memory,
    settings: Settings,
    number: int,
    reason: Reason,
    *,
    adopted: bool = False,
    head: Claim | None = None,
) -> Steps[Outcome]:
    """Write `number` into the claim, then into the book: so the book never says more than GitHub.

    If that fails or is cut off, the root stays pending, and the next run finds the issue in the list or by the claim.
    `head`: the claim as we ourselves have just moved it.
    """
    said = yield from put_into_claim(case, settings, number, adopted, head)
    if said.generation > case.bundle.generation:  # refiled, and we have not heard of it: ours is an earlier issue
        case, number = about(case, case.bundle.root, said.generation), said.number
    kept = min(said.number, number)
    yield from ask(Note(case.bundle.key, Fact(Standing.FILED, case.bundle.since, kept)))
    memory.recorded()
    if said.number != number:
        yield from close_duplicate(case, settings, max(said.number, number), kept)
    return outcome(case, "filed", reason, kept)


def record_found(case: Case, memory: Memory, settings: Settings, found: Found) -> Steps[Outcome]:
    """Record an issue of ours for the root that its marker names: when joined roots are split, each keeps its own."""
    whose = about(case, found.root, found.generation)
    done = yield from record(whose, memory, settings, found.issue.number, Reason.FOUND)
    return done._replace(root=case.bundle.root)


def put_into_claim(case: Case, settings: Settings, number: int, adopted: bool, head: Claim | None) -> Steps[Claim]:
    """Advance the claim to *filed*. Returns what it then says, which may be another's number.

    Raises `NotSent` where no head that is read can be advanced: others are at it, or what is read is not the newest.
    """
    for _ in range(TRIES):
        head = head or (yield from ask(ReadClaim(case.bundle.repository, case.bundle.root)))
        if head is not None and head.state == "filed" and head.generation >= case.bundle.generation:
            return head
        done = yield from ask(_filed(case, settings, head, number, adopted))
        if done is not None:
            return done
        head = None
    raise NotSent(Reason.CLAIMED_BY_OTHER, retry_after=LATER)


def _filed(
    case: Case, settings: Settings, head: Claim | None, number: int, adopted: bool
) -> AdvanceClaim | CreateClaim:
    base = head or first_claim(case, settings, number - 1)
    filed = base.filed(number, case.now, adopted=adopted)
    filed = msgspec.structs.replace(filed, generation=case.bundle.generation)
    return AdvanceClaim(filed) if filed.parent else CreateClaim(filed)


def close_duplicate(case: Case, settings: Settings, number: int, canonical: int) -> Steps[None]:
    """Close one of our own as the duplicate of another. Never touches an issue that is about anything else."""
    try:
        issue = yield from ask(ReadIssue(case.bundle.repository, number))
    except Rejected as failure:
        if failure.stops:
            raise
        return  # deleted
    if issue is not None and issue.open and is_about(case, read_found(settings, issue)):
        yield from close_as_duplicate(settings, issue, canonical)
