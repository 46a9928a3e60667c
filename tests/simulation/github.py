"""A virtual GitHub: what the filing procedure relies on, and what it must survive.

Relied on: creating a ref and fast-forwarding it are atomic; an issue is readable by number once it exists; numbers
rise. To be survived: requests and answers get lost or come late, the list lags behind what happened to an issue, refs
are read stale, limits say no, GitHub is away, people close, reopen, edit and delete.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from aggregator.filing.calls import (
    AddComment,
    AddLabels,
    AdvanceClaim,
    Call,
    Comment,
    CreateClaim,
    CreateIssue,
    DuplicateOf,
    EditIssue,
    Failure,
    HighestNumber,
    Hint,
    Issue,
    ListComments,
    ListIssues,
    MayTriage,
    MayWrite,
    Newest,
    NotSent,
    ReadClaim,
    ReadIssue,
    Rejected,
    Unsure,
)
from aggregator.filing.claim import Claim
from aggregator.reason import Reason
from tests.simulation.world import World

LATE = 600.0 - 20.0  # seconds: takeover age less the deadline for creating; the one exception to one issue per bug
WRITES = (CreateClaim, AdvanceClaim, CreateIssue, EditIssue, AddLabels, AddComment)


@dataclass
class Faults:
    """Probabilities, and seconds, of what goes wrong."""

    lost_request: float = 0.0
    lost_answer: float = 0.0
    refused: float = 0.0
    list_lag: float = 0.0  # seconds at most
    stale_ref: float = 0.0


class Stored:
    """An issue and what only GitHub knows about it. `shown`: when a list will show what is changed now."""

    def __init__(self, issue: Issue, shown: Callable[[], float]) -> None:
        self.deleted = False  # 410
        self.hidden = False  # 404, as where nobody tells why
        self.comments: list[Comment] = []
        self.duplicate_of = 0
        self.unlisted = False  # no list ever shows it
        self._shown = shown
        self._versions = [(shown(), issue)]

    @property
    def issue(self) -> Issue:
        """As it is: what a read by number answers."""
        return self._versions[-1][1]

    @issue.setter
    def issue(self, issue: Issue) -> None:
        self._versions.append((max(self._shown(), self._versions[-1][0]), issue))

    def listed(self, now: float) -> Issue | None:
        """As the list shows it; None where it does not yet."""
        if self.unlisted:
            return None
        return next((issue for at, issue in reversed(self._versions) if at <= now), None)


class VirtualGitHub:
    """One repository. `perform` answers a call at once; whoever calls it decides when question and answer travel."""

    def __init__(self, world: World, faults: Faults, repository: str = "acme/app") -> None:
        self.world, self.faults, self.repository = world, faults, repository
        self.issues: dict[int, Stored] = {}
        self.refs: dict[str, list[Claim]] = {}
        self.elsewhere: dict[tuple[str, int], Stored] = {}  # issues that were moved to another repository
        self.moved: dict[int, tuple[str, int]] = {}
        self.writers = {"maintainer"}
        self.triagers = {"maintainer"}
        self.locked: set[int] = set()
        self.unreadable: set[str] = set()  # roots whose claim somebody has overwritten
        self.drops_labels = False
        self.trouble: Failure | None = None  # raised for every call
        self.refuses_writes: Failure | None = None
        self.calls: list[str] = []
        self.on_change: Callable[[], None] = lambda: None
        self.down = False
        self.slow = 0.0  # seconds that a request, and an answer, may take longer
        self.limited = {"all": 0.0, "writes": 0.0}  # until when a limit says no
        self.caller = ""  # the machine that the call comes from
        self.looked: dict[str, float] = {}  # by machine: when it last read the list
        self.late = 0.0  # seconds between the last check of who calls and the arrival of the call
        self.out_of_sight: set[int] = set()  # issues that were moved to where the token cannot see them
        self.excused: set[int] = set()  # issues that may stand beside another: made too late, or reopened by a person
        self.discussions: set[int] = set()
        self.touched: set[str] = set()  # roots whose issues people have changed

    def latency(self, who: str) -> float:
        """Seconds on the way, one way."""
        draw = self.world.draw(f"latency {who}")
        return draw.uniform(0.02, 0.4) + (draw.uniform(0, self.slow) if self.slow else 0.0)

    def let_in(self, call: Call[Any], *, revoked: bool = False, no_refs: bool = False) -> None:
        """What GitHub says to one token. Raises the failure."""
        if self.down:
            raise _lost(isinstance(call, WRITES))
        if revoked:
            raise NotSent(Reason.BAD_CREDENTIALS, "Bad credentials")
        if no_refs and isinstance(call, CreateClaim | AdvanceClaim):
            raise Rejected(Reason.FORBIDDEN, "Resource not accessible by personal access token")
        until = max(self.limited["all"], self.limited["writes"] if isinstance(call, WRITES) else 0.0)
        if until > self.world.now:
            raise NotSent(Reason.RATE_LIMITED, "API rate limit exceeded", retry_after=until - self.world.now)

    def perform(self, call: Call[Any]) -> Any:
        """Carry out `call`, or raise one of the three failures. May do both: then the answer got lost."""
        self.calls.append(type(call).__name__)
        writes = isinstance(call, WRITES)
        if self.trouble or (writes and self.refuses_writes):
            raise self.trouble or cast("Failure", self.refuses_writes)
        if self._chance("refused", self.faults.refused):
            raise NotSent(Reason.RATE_LIMITED, "API rate limit exceeded", retry_after=60.0)
        if self._chance("lost request", self.faults.lost_request):
            raise _lost(writes)
        answer = self._do(call)
        if self._chance("lost answer", self.faults.lost_answer):
            raise _lost(writes)
        return answer

    def _chance(self, what: str, probability: float) -> bool:
        return probability > 0 and self.world.draw(f"github {what}").random() < probability

    def open_issues(self) -> list[Issue]:
        return [s.issue for s in self.issues.values() if s.issue.open and not s.deleted and not s.hidden]

    def stored(self, repository: str, number: int) -> Stored | None:
        """An issue by its present place, or by the one that it was moved from."""
        if repository == self.repository and number in self.moved:
            repository, number = self.moved[number]
        return self.issues.get(number) if repository == self.repository else self.elsewhere.get((repository, number))

    def close(self, number: int, state_reason: str, by: str = "maintainer", duplicate_of: int = 0) -> None:
        """Somebody closes an issue."""
        stored = self._there(self.repository, number)
        stored.duplicate_of = duplicate_of
        stored.issue = msgspec.structs.replace(
            stored.issue, open=False, state_reason=state_reason, closed_at=self.world.now, closed_by=by
        )

    def reopen(self, number: int) -> None:
        """Somebody opens an issue again."""
        stored = self._there(self.repository, number)
        stored.issue = msgspec.structs.replace(stored.issue, open=True, state_reason="reopened", closed_at=0.0)
        self.on_change()

    def edit(self, number: int, body: str) -> None:
        """Somebody edits an issue's body."""
        stored = self.issues[number]
        stored.issue = msgspec.structs.replace(stored.issue, body=body)

    def transfer(self, number: int, repository: str, new: int) -> None:
        """Somebody moves an issue to another repository."""
        stored = self.issues.pop(number)
        stored.issue = msgspec.structs.replace(stored.issue, repository=repository, number=new)
        self.moved[number] = repository, new
        self.elsewhere[repository, new] = stored

    def report_by_hand(self, title: str, body: str, author: str, labels: tuple[str, ...] = ()) -> int:
        """A person opens an issue."""
        return self._create(CreateIssue(self.repository, title, body, labels), author).number

    def discuss(self, author: str) -> int:
        """A person opens a discussion: it takes a number of the issues, which answers 404 as one."""
        number = self.report_by_hand("How do I install it?", "", author)
        self.issues[number].hidden = True
        self.discussions.add(number)
        return number

    def _do(self, call: Call[Any]) -> Any:
        match call:
            case ListIssues() | HighestNumber() | ReadIssue() | ListComments() | DuplicateOf():
                return self._read(call)
            case ReadClaim(root=root):
                return self._read_claim(root)
            case CreateClaim(claim=claim):
                return self._create_claim(claim)
            case AdvanceClaim(claim=claim):
                return self._advance(claim)
            case CreateIssue():
                labels = () if self.drops_labels else call.labels
                issue = self._create(msgspec.structs.replace(call, labels=labels), "aggregator[bot]")
                self.on_change()
                return issue
            case EditIssue() | AddComment() | AddLabels():
                return self._write(call)
            case MayWrite(login=login):
                return login in self.writers
            case MayTriage(login=login):
                return login in self.writers | self.triagers
            case Hint(words=words):
                return tuple(s.issue.number for s in self.issues.values() if words.split()[0] in s.issue.title)
            case _:
                raise AssertionError(f"no such call: {call}")

    def _read(self, call: Call[Any]) -> Any:
        match call:
            case ListIssues():
                self.looked[self.caller] = self.world.now
                there = [s for s in self.issues.values() if not s.deleted and not s.hidden]
                shown = [issue for s in reversed(there) if (issue := s.listed(self.world.now))]
                return tuple(issue for issue in shown if "error-aggregator" in issue.labels)
            case HighestNumber():
                highest = max(
                    (n for n, s in self.issues.items() if s.listed(self.world.now) and not s.hidden), default=0
                )
                return Newest(highest, self.world.now)
            case ReadIssue():
                if call.number in self.out_of_sight:
                    raise Rejected(Reason.TRANSFERRED, "its new place answers 404")
                stored = self.stored(call.repository, call.number)
                if stored is not None and stored.deleted:
                    raise Rejected(Reason.GONE, "This issue was deleted")
                return stored.issue if stored and not stored.hidden else None
            case ListComments():
                return tuple(self._there(call.repository, call.number).comments)
            case DuplicateOf():
                return self._there(call.repository, call.number).duplicate_of
            case _:
                raise AssertionError(f"no such call: {call}")

    def _write(self, call: Call[Any]) -> None:
        match call:
            case EditIssue():
                self._edit(call)
            case AddComment(number=number, body=body):
                if number in self.locked:
                    raise Rejected(Reason.LOCKED, "Unable to create comment because issue is locked.")
                self._there(call.repository, number).comments.append(Comment(body, "aggregator[bot]"))
            case AddLabels(number=number, labels=labels):
                stored = self._there(call.repository, number)
                stored.issue = msgspec.structs.replace(stored.issue, labels=(*stored.issue.labels, *labels))
            case _:
                pass

    def _there(self, repository: str, number: int) -> Stored:
        stored = self.stored(repository, number)
        if stored is None or stored.hidden:
            raise Rejected(Reason.REJECTED, "Not Found")
        if stored.deleted:
            raise Rejected(Reason.GONE, "This issue was deleted")
        return stored

    def _read_claim(self, root: str) -> Claim | None:
        if root in self.unreadable:
            raise Rejected(Reason.CLAIM_UNREADABLE, root)
        heads = self.refs.get(root, [])
        if heads and self._chance("stale ref", self.faults.stale_ref):
            return heads[-2] if len(heads) > 1 else None
        return heads[-1] if heads else None

    def _create_claim(self, claim: Claim) -> Claim | None:
        committed = _commit(claim)
        heads = self.refs.setdefault(claim.root, [committed])
        return committed if heads[-1].sha == committed.sha else None

    def _advance(self, claim: Claim) -> Claim | None:
        committed = _commit(claim)
        heads = self.refs.get(claim.root, [])
        if heads and heads[-1].sha == claim.parent:
            heads.append(committed)
        return committed if heads and heads[-1].sha == committed.sha else None

    def _create(self, call: CreateIssue, author: str) -> Issue:
        number = max([0, *self.issues, *self.moved]) + 1
        issue = Issue(
            repository=self.repository,
            number=number,
            title=call.title,
            body=call.body,
            open=True,
            state_reason="",
            labels=call.labels,
            author=author,
            author_association="MEMBER",
            created_at=self.world.now,
            closed_at=0.0,
        )
        self.issues[number] = Stored(issue, self._shown)
        if self.late > LATE and author == "aggregator[bot]":
            self.excused.add(number)
        return issue

    def _shown(self) -> float:
        lag = self.faults.list_lag
        return self.world.now + (self.world.draw("list").uniform(0, lag) if lag else 0.0)

    def _edit(self, call: EditIssue) -> None:
        stored = self._there(call.repository, call.number)
        if call.body is not None:
            stored.issue = msgspec.structs.replace(stored.issue, body=call.body)
        if call.open is False and stored.issue.open:
            self.close(call.number, call.state_reason or "completed", "aggregator[bot]", call.duplicate_of or 0)
        if call.open is True and not stored.issue.open:
            self.reopen(call.number)


def _commit(claim: Claim) -> Claim:
    """The claim with a hash of what it says and follows: the same claim is the same commit."""
    text = msgspec.json.encode([claim.message(), claim.parent])
    return msgspec.structs.replace(claim, sha=hashlib.sha1(text).hexdigest(), parent="")


def _lost(writes: bool) -> Failure:
    text = "connection reset"
    return Unsure(Reason.GITHUB_AWAY, text) if writes else NotSent(Reason.GITHUB_AWAY, text)
