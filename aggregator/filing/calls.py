"""What the filing procedure can ask for, and the ways in which an answer can fail.

A call is a value. `answer = yield from ask(call)` is how a procedure makes it; who drives the procedure carries it out
and sends the answer back, or throws one of the failures. The difference between these is the heart of the matter:

- `NotSent`: surely nothing was done (refused connection, rate limit, bad credentials). Safe to try again later.
- `Unsure`: it may have been done (lost answer, time-out, 5xx). Only looking tells.
- `Rejected`: GitHub understood and said no. Trying the same again is useless.
"""

from collections.abc import Generator
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from aggregator.book import Fact, FactKey
from aggregator.filing.claim import Claim
from aggregator.reason import Reason
from aggregator.record import ErrorRecord

T = TypeVar("T")


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


# What GitHub says of one number whose issue is not there any more: nothing about others.
OUT_OF_SIGHT = frozenset({Reason.GONE, Reason.TRANSFERRED})


class Failure(Exception):
    """Base of the three failures. `text` is GitHub's own message, redacted."""

    def __init__(self, reason: Reason, text: str = "", retry_after: float = 0.0) -> None:
        super().__init__(f"{reason.value}: {text}" if text else reason.value)
        self.reason = reason
        self.text = text
        self.retry_after = retry_after  # seconds to stay away from GitHub altogether; 0: no wish

    @property
    def stops(self) -> bool:
        """Whether it makes no sense to ask for anything else in this repository now."""
        return self.reason in STOP


class NotSent(Failure):
    """Surely nothing was done."""


class Unsure(Failure):
    """It may have been done."""


class Rejected(Failure):
    """Understood, and refused."""


class Call(msgspec.Struct, Generic[T], frozen=True):
    """Base of all calls; `T` is the type of the answer."""


Steps = Generator[Call[Any], Any, T]


def ask(call: Call[T]) -> Steps[T]:
    """Make one call: `answer = yield from ask(call)`."""
    answer: T = yield call
    return answer


class Issue(msgspec.Struct, frozen=True):
    """An issue as GitHub shows it. Pull requests are never given out as issues."""

    repository: str
    number: int
    title: str
    body: str
    open: bool
    state_reason: str  # "", completed, not_planned, duplicate, reopened
    labels: tuple[str, ...]
    author: str  # login
    author_association: str  # OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR, NONE, …
    created_at: float  # Unix seconds
    closed_at: float  # 0 while open
    locked: bool = False
    closed_by: str = ""  # login; only known where the issue was read by number


class Comment(NamedTuple):
    body: str
    author: str


# GitHub, reading. All may raise NotSent (reads are safe to repeat) and Rejected.


class ReadClaim(Call[Claim | None], frozen=True):
    """The claim of a root; None where GitHub shows no such ref, which proves nothing."""

    repository: str
    root: str


class ListIssues(Call[tuple[Issue, ...]], frozen=True):
    """All issues with our label, open and closed, every page, from the list (never search)."""

    repository: str


class Newest(NamedTuple):
    """How far a repository is."""

    number: int  # the highest of an issue or pull request that the list shows; 0 in an empty repository
    at: float = 0.0  # Unix seconds on GitHub's clock; 0: it did not say


class HighestNumber(Call[Newest], frozen=True):
    """The highest number of an issue or pull request, and what time it is there."""

    repository: str


class ReadIssue(Call[Issue | None], frozen=True):
    """One issue by number, which does not lag. None: 404. A pull request is answered as an issue with an empty body.

    Raises `Rejected(Reason.GONE)` on 410. An issue that was moved is answered with its new repository and number, or
    raises `Rejected(Reason.TRANSFERRED)` where the token cannot see it.
    """

    repository: str
    number: int


class ListComments(Call[tuple[Comment, ...]], frozen=True):
    repository: str
    number: int


class MayWrite(Call[bool], frozen=True):
    """Whether `login` may push to the repository."""

    repository: str
    login: str


class MayTriage(Call[bool], frozen=True):
    """Whether `login` may at least triage issues in the repository."""

    repository: str
    login: str


class DuplicateOf(Call[int], frozen=True):
    """The number of the issue that this one was closed as a duplicate of; 0 where GitHub does not tell."""

    repository: str
    number: int


class Hint(Call[tuple[int, ...]], frozen=True):
    """Numbers of open issues that search finds for these words: a hint, to be confirmed by reading. May be empty."""

    repository: str
    words: str


# GitHub, writing. All may raise NotSent, Unsure and Rejected.


class CreateClaim(Call[Claim | None], frozen=True):
    """Create the ref at a new commit. The claim with its `sha`: ours alone. None: the ref exists, and is not at ours.

    The commit has fixed dates, so the same claim makes the same commit: repeating the call after a lost answer is safe.
    """

    claim: Claim


class AdvanceClaim(Call[Claim | None], frozen=True):
    """Fast-forward the ref from the commit `claim.parent`. The claim with its `sha`; None: somebody else was quicker.

    Repeating it is safe, as for `CreateClaim`.
    """

    claim: Claim


class CreateIssue(Call[Issue], frozen=True):
    """POST once, never repeated by anybody on the way."""

    repository: str
    title: str
    body: str
    labels: tuple[str, ...]


class EditIssue(Call[None], frozen=True):
    """PATCH with absolute values, safe to repeat. None: leave as it is."""

    repository: str
    number: int
    body: str | None = None
    open: bool | None = None
    state_reason: str | None = None
    duplicate_of: int | None = None  # number


class AddLabels(Call[None], frozen=True):
    """Labels that the repository lacks are made; those that cannot be are left out."""

    repository: str
    number: int
    labels: tuple[str, ...]


class AddComment(Call[None], frozen=True):
    """POST once. Whoever asks has looked for the comment's event marker before."""

    repository: str
    number: int
    body: str


# This node.


class Elapsed(Call[float], frozen=True):
    """Seconds on a clock that never steps and counts suspension (CLOCK_BOOTTIME)."""


class ReadSample(Call[ErrorRecord | None], frozen=True):
    """One full record of these signatures, from wherever it is; None where none can be had now."""

    samples: tuple[str, ...]


class Intend(Call[None], frozen=True):
    """Commit to disk that this process is about to claim, before it does."""

    claim: Claim


class Note(Call[None], frozen=True):
    """Put a fact into the book and commit it."""

    key: FactKey
    fact: Fact


class Rule(Call[None], frozen=True):
    """Make a ruling, commit it. Raises `Rejected(Reason.BOOK_FULL)`: it is about what was never ruled on, and the book
    has no room for more of its kind."""

    kind: str
    subject: str
    value: Any
