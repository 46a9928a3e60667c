"""What the procedure works on, what it remembers between runs, and what it returns."""

from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from aggregator.bundle import Bundle
from aggregator.filing.claim import Claim
from aggregator.filing.settings import Settings
from aggregator.reason import Reason


class Case(msgspec.Struct, frozen=True):
    """One root that is due, or filed and seen again."""

    bundle: Bundle
    now: float  # Unix seconds, read once for the run
    nonce: str  # drawn for this run; names this attempt in the claim
    floor: int = 0  # highest issue number that the run has seen
    clock: float = 0.0  # Unix seconds on GitHub's clock, when the run began
    number: int = 0  # of its issue, where the book knows it
    previous: int = 0  # of the issue that this one is a regression of


def about(case: Case, root: str, generation: int) -> Case:
    """The case as one about `root`, which is joined with its own, or about a later generation of it."""
    return msgspec.structs.replace(case, bundle=msgspec.structs.replace(case.bundle, root=root, generation=generation))


def first_claim(case: Case, settings: Settings, floor: int) -> Claim:
    """The claim of the first attempt of a generation; `floor`: no issue of it has a number up to this."""
    return Claim(
        repository=case.bundle.repository,
        root=case.bundle.root,
        nonce=case.nonce,
        node=settings.node,
        login=settings.login,
        attempt=1,
        state="creating",
        floor=floor,
        at=case.now,
        generation=case.bundle.generation,
    )


@dataclass
class Memory:
    """What this process remembers of one root from run to run.

    Deliberately only in memory: a restarted process must not trust what its former self was about to do. Everything
    here can be lost without harm; it then takes longer.
    """

    generation: int = 0  # of the root that all this is about
    head: str = ""  # commit at the head of the claim when last read
    since: float = 0.0  # Elapsed when that head was first seen
    listed_at: float | None = None  # Elapsed at the first list under that head
    read_to: int = 0  # issue numbers up to this one were read under that head, and are not ours
    unsent: str = ""  # nonce of an attempt under which surely nothing was created
    posted_at: float | None = None  # when an issue was created that the list may not show yet, on GitHub's clock
    posted: int = 0  # its number, where the answer came
    confirmed: int = 0  # number of an issue that the list does not show, and that GitHub knows for this root
    doubted_at: float | None = None  # Elapsed when GitHub was first found not to know the book's number
    missing_at: float | None = None  # Elapsed when the issue was first not found by number
    unrecorded: int = 0  # number of an issue that its claim does not say yet
    refused_events: set[str] = field(default_factory=set[str])  # comments that GitHub will not take

    def observe(self, head: Claim, elapsed: float) -> None:
        """Take note of the claim's head; a new one starts every wait anew."""
        if head.sha == self.head:
            return
        self.head, self.since, self.listed_at, self.read_to = head.sha, elapsed, None, 0

    def recorded(self) -> None:
        """The issue stands in claim and book: how it came there is of no more interest."""
        self.head, self.since, self.listed_at, self.read_to, self.unsent, self.unrecorded = "", 0.0, None, 0, "", 0


class Outcome(NamedTuple):
    """What became of one root in one run."""

    root: str
    repository: str
    state: str  # due, waiting, filed, refused
    reason: Reason
    number: int = 0
    again: float = 0.0  # seconds after which trying again makes sense; 0: at the next tick
    text: str = ""  # GitHub's own words, redacted


def outcome(case: Case, state: str, reason: Reason, number: int = 0, again: float = 0.0, text: str = "") -> Outcome:
    return Outcome(case.bundle.root, case.bundle.repository, state, reason, number, again, text)
