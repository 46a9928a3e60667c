"""The issue is known: let the claim and the book say so.

*Filed* absorbs. The number goes on top of whatever *creating* or *released* head there is, whoever made that, because a
number that exists ends all attempts. If the head already says another number, two issues exist for one root: the lower
stays, the higher is closed as its duplicate.
"""

import msgspec

from aggregator import comments
from aggregator.book import Fact, Standing
from aggregator.filing.calls import (
    AdvanceClaim,
    CreateClaim,
    EditIssue,
    Note,
    ReadClaim,
    ReadIssue,
    Steps,
    ask,
)
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.claim import Claim
from aggregator.filing.comment import comment_once
from aggregator.filing.marker import read_issue_marker
from aggregator.filing.settings import Settings
from aggregator.reason import Reason

TRIES = 4  # heads that may slip in between reading and advancing, before it is left to the next run


def record(
    case: Case, memory: Memory, settings: Settings, number: int, reason: Reason, *, adopted: bool = False
) -> Steps[Outcome]:
    """Write `number` into the claim, then into the book: so the book never says more than GitHub.

    If that fails or is cut off, the root stays pending, and the next run finds the issue in the list or by the claim.
    """
    memory.unrecorded = number
    said = yield from put_into_claim(case, settings, number, adopted)
    kept = min(said, number)
    yield from ask(Note(case.bundle.key, Fact(Standing.FILED, case.bundle.since, kept)))
    memory.unrecorded, memory.unknown_at = 0, None
    if said != number:
        yield from close_duplicate(case, settings, max(said, number), kept)
    return outcome(case, "filed", reason, kept)


def put_into_claim(case: Case, settings: Settings, number: int, adopted: bool) -> Steps[int]:
    """Advance the claim to *filed*. Returns the number that it then says, which may be another's."""
    for _ in range(TRIES):
        head = yield from ask(ReadClaim(case.bundle.repository, case.bundle.root))
        if head is not None and head.state == "filed" and head.generation >= case.bundle.generation:
            return head.number
        done = yield from ask(_filed(case, settings, head, number, adopted))
        if done is not None:
            return number
    return number


def _filed(
    case: Case, settings: Settings, head: Claim | None, number: int, adopted: bool
) -> AdvanceClaim | CreateClaim:
    base = head or Claim(
        repository=case.bundle.repository,
        root=case.bundle.root,
        nonce=case.nonce,
        node=settings.node,
        login=settings.login,
        attempt=1,
        state="creating",
        floor=number - 1,
        at=case.now,
    )
    filed = base.filed(number, case.now, adopted=adopted)
    filed = msgspec.structs.replace(filed, generation=case.bundle.generation)
    return AdvanceClaim(filed) if filed.parent else CreateClaim(filed)


def close_duplicate(case: Case, settings: Settings, number: int, canonical: int) -> Steps[None]:
    """Close one of our own as the duplicate of another, and say why, once. Never touches an issue that is not ours."""
    repository = case.bundle.repository
    issue = yield from ask(ReadIssue(repository, number))
    if issue is None or not issue.open or read_issue_marker(settings.marker_key, issue.body) is None:
        return
    text = comments.duplicate_comment(settings, canonical)
    yield from comment_once(settings, repository, number, f"duplicate-{canonical}", text)
    yield from ask(EditIssue(repository, number, open=False, state_reason="duplicate", duplicate_of=canonical))
