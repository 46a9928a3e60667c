"""Whether the number that the book has for a root is what GitHub knows.

The book is written by all members, and of two numbers the lower stays: so one that means ill, or a node with a bug, can
put any number there, and a root that is due would be hidden behind it for ever. GitHub knows better: our issue bears
the root's marker, and the claim names also a person's issue that was taken for it. So before anything is done about a
number, one of these must say it. What the list does not show is read by number, which does not lag; the claim is asked
last, and twice, at least the gap of two lists apart, because a ref may be read stale. Then what GitHub knows counts;
and where it knows of nothing, the root is filed anew, as an operator would refile it.
"""

from aggregator.filing.calls import OUT_OF_SIGHT, Elapsed, ReadClaim, ReadIssue, Rejected, Steps, ask
from aggregator.filing.case import Case, Memory, Outcome, outcome
from aggregator.filing.listing import Listing, read_found
from aggregator.filing.recover import read_by_number
from aggregator.filing.refile import raise_generations
from aggregator.filing.settings import Settings
from aggregator.reason import Reason

SOON = 1.0  # seconds until a root that is filed anew is looked at again


def known_number(case: Case, memory: Memory, settings: Settings, listed: Listing) -> Steps[int]:
    """The number of the case's issue that GitHub knows; 0: of none. Remembered, so that it costs calls once."""
    found = listed.find(case)
    if memory.confirmed == case.number or _is_listed(case, listed):
        return case.number
    if (yield from _has_our_marker(case, settings)):
        memory.confirmed = case.number
        return case.number
    if found is not None:
        return found.issue.number
    number = yield from _best(case, (yield from _claimed(case, settings)))
    memory.confirmed = number or memory.confirmed
    return number


def _claimed(case: Case, settings: Settings) -> Steps[list[tuple[int, int]]]:
    """(generations behind the root's own, number) of all issues that the claims of the case's roots speak of."""
    known: list[tuple[int, int]] = []
    for root in sorted(case.bundle.roots):
        head = yield from ask(ReadClaim(case.bundle.repository, root))
        age = case.bundle.generation_of(root) - head.generation if head is not None else 0
        if head is not None and head.state == "filed" and age <= 0:
            known.append((age, head.number))
        if head is not None and head.state == "creating":  # the issue may exist, its answer lost and no list showing it
            made = yield from read_by_number(case, Memory(), settings, head)
            if made is not None:
                known.append((case.bundle.generation_of(made.root) - made.generation, made.issue.number))
    return sorted(set(known))


def _best(case: Case, known: list[tuple[int, int]]) -> Steps[int]:
    """Of several, as the list and the sweep choose: one that is open, the latest generation, the lowest number."""
    for _, number in known if len(known) > 1 else []:
        try:
            issue = yield from ask(ReadIssue(case.bundle.repository, number))
        except Rejected as failure:
            if failure.reason not in OUT_OF_SIGHT:
                raise
            continue
        if issue is not None and issue.open:
            return number
    return known[0][1] if known else 0


def doubt(case: Case, memory: Memory, settings: Settings) -> Steps[Outcome]:
    """GitHub knows of no issue: when that stays so, let the root be filed anew."""
    elapsed = yield from ask(Elapsed())
    if memory.doubted_at is None:
        memory.doubted_at = elapsed
    wait = memory.doubted_at + settings.relist_gap - elapsed
    if wait > 0:
        return outcome(case, "waiting", Reason.UNCONFIRMED, case.number, again=wait)
    yield from raise_generations(case)
    return outcome(case, "waiting", Reason.REFILED, again=SOON)


def _is_listed(case: Case, listed: Listing) -> bool:
    ours = (found for root in case.bundle.roots for found in listed.by_root.get(root, []))
    return any(found.issue.number == case.number for found in ours)


def _has_our_marker(case: Case, settings: Settings) -> Steps[bool]:
    try:
        issue = yield from ask(ReadIssue(case.bundle.repository, case.number))
    except Rejected as failure:
        if failure.reason not in OUT_OF_SIGHT:
            raise
        return False
    found = read_found(settings, issue) if issue is not None else None
    return found is not None and found.root in case.bundle.roots
