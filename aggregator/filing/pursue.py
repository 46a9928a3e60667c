"""One root that is due: one step further towards its issue, from whatever is found.

What GitHub knows comes first: an issue with the root's marker in the list, then what the claim says, then an issue
that a person wrote about the same error. Only where there is none of these is a new one created.
"""

from aggregator.filing.adopt import find_report
from aggregator.filing.calls import ReadClaim, ReadSample, Steps, ask
from aggregator.filing.case import Case, Memory, Outcome, about, outcome
from aggregator.filing.claim import Claim
from aggregator.filing.listing import Listing
from aggregator.filing.procedure import claim_and_create
from aggregator.filing.record import record, record_found
from aggregator.filing.recover import recover
from aggregator.filing.room import Room
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from aggregator.record import ErrorRecord


def pursue(case: Case, memory: Memory, settings: Settings, listed: Listing, room: Room) -> Steps[Outcome]:
    """Bring a due root to its issue, as far as can be done now. `room`: under the caps."""
    if memory.unrecorded:
        return (yield from record(case, memory, settings, memory.unrecorded, Reason.CREATED))
    found = listed.find(case)
    if found is not None:
        return (yield from record_found(case, memory, settings, found))
    if memory.posted_at is None and not room.left():
        return outcome(case, "waiting", Reason.CAP_REACHED)
    head = yield from ask(ReadClaim(case.bundle.repository, case.bundle.root))
    if head is not None and head.generation > case.bundle.generation:
        case = about(case, case.bundle.root, head.generation)  # a ruling that this node has not heard of yet
    return (yield from from_claim(case, memory, settings, head, room))


def from_claim(case: Case, memory: Memory, settings: Settings, head: Claim | None, room: Room) -> Steps[Outcome]:
    """Go on from what the claim says."""
    if head is not None and head.state == "filed" and head.generation >= case.bundle.generation:
        return (yield from record(case, memory, settings, head.number, Reason.FOUND, adopted=head.adopted, head=head))
    if head is not None and head.state == "creating" and head.nonce != memory.unsent:
        return (yield from recover(case, memory, settings, head, room))
    if not room.left():
        return outcome(case, "waiting", Reason.CAP_REACHED)
    sample = yield from ask(ReadSample(case.bundle.total.samples))
    return (yield from adopt_or_create(case, memory, settings, head, sample, room))


def adopt_or_create(
    case: Case, memory: Memory, settings: Settings, head: Claim | None, sample: ErrorRecord | None, room: Room
) -> Steps[Outcome]:
    """No issue of ours exists: take a person's report for it, else create one."""
    report = None if case.bundle.generation else (yield from find_report(case, settings, sample))
    if report is None:
        return (yield from claim_and_create(case, memory, settings, head, sample, room))
    return (yield from record(case, memory, settings, report.number, Reason.ADOPTED, adopted=True))
