"""Issues, their comments, labels and events. Pull requests are issues with a `pull` part: one number sequence for
both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.demo.github.model.users import User, node_id

if TYPE_CHECKING:
    from node.demo.github.model.pulls import Pull
    from node.demo.github.model.repositories import Repository

MAX_BODY = 65_536  # characters
MAX_TITLE = 1_024  # characters; GitHub's own message says 256, but this is what it accepts
MAX_SNAPSHOTS = 50  # per issue, for the lagging search
LOCK_REASONS = ("off-topic", "too heated", "resolved", "spam")
CLOSE_REASONS = ("completed", "not_planned", "duplicate")
STATE_REASONS = (*CLOSE_REASONS, "reopened")


@dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None

    @property
    def node_id(self) -> str:
        return node_id("LA", self.id)


@dataclass(eq=False)
class Comment:
    id: int
    author: User
    body: str
    created_at: float
    updated_at: float

    @property
    def node_id(self) -> str:
        return node_id("IC", self.id)


@dataclass(frozen=True)
class Event:
    """One line of an issue's history; `detail` is what the events endpoint adds for this kind."""

    id: int
    kind: str
    actor: User
    at: float
    detail: dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """What the search index knows of an issue since `at`; the index always lags behind the issue itself."""

    at: float
    text: str
    title: str
    body: str
    labels: frozenset[str]
    state: str
    reason: str | None


@dataclass(eq=False)
class Issue:
    repository: Repository
    id: int
    number: int
    author: User
    title: str
    body: str | None
    created_at: float
    updated_at: float
    labels: list[Label] = field(default_factory=list[Label])
    assignees: list[User] = field(default_factory=list[User])
    state: str = "open"
    state_reason: str | None = None
    closed_at: float | None = None
    closed_by: User | None = None
    duplicate_of: Issue | None = None
    locked: bool = False
    lock_reason: str | None = None
    type: str | None = None
    comments: list[Comment] = field(default_factory=list[Comment])
    events: list[Event] = field(default_factory=list[Event])
    parent: Issue | None = None
    children: list[Issue] = field(default_factory=list["Issue"])
    blocked_by: list[Issue] = field(default_factory=list["Issue"])
    blocking: list[Issue] = field(default_factory=list["Issue"])
    pull: Pull | None = None
    moved_to: Issue | None = None
    deleted: bool = False
    snapshots: list[Snapshot] = field(default_factory=list[Snapshot])

    @property
    def node_id(self) -> str:
        return node_id("PR" if self.pull else "I", self.id)

    def label_names(self) -> set[str]:
        return {label.name.lower() for label in self.labels}

    def snapshot(self, now: float, keep: float) -> None:
        """Note the present state for the search index; forget what is older than `keep` seconds and superseded."""
        text = "\n".join([self.title, self.body or "", *(comment.body for comment in self.comments)])
        labels = frozenset(self.label_names())
        self.snapshots.append(Snapshot(now, text, self.title, self.body or "", labels, self.state, self.state_reason))
        while len(self.snapshots) > 1 and (self.snapshots[1].at < now - keep or len(self.snapshots) > MAX_SNAPSHOTS):
            self.snapshots.pop(0)

    def seen_by_index(self, cutoff: float) -> Snapshot | None:
        """The newest snapshot taken at or before `cutoff`, or None: the index has not met this issue yet."""
        return next((shot for shot in reversed(self.snapshots) if shot.at <= cutoff), None)
