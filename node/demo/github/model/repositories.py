"""A repository: its settings, its people and everything filed in it. The git part hangs on `git`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import trio

from node.demo.github.git.store import Store
from node.demo.github.model.actions import CheckRun, Run, Status, Workflow
from node.demo.github.model.hooks import Hook
from node.demo.github.model.issues import Comment, Issue, Label
from node.demo.github.model.users import User, node_id

REF_WRITES_KEPT = 5_000  # enough for every ref that a lagging read could still show; older ones are forgotten


@dataclass(frozen=True)
class RefWrite:
    """One change of one ref. `old` or `new` is None where the ref did not exist."""

    at: float
    name: str
    old: str | None
    new: str | None


@dataclass(eq=False)
class Repository:
    id: int
    owner: User
    name: str
    git: Store
    created_at: float
    default_branch: str = "main"
    private: bool = True
    archived: bool = False
    empty: bool = False  # without any commit yet
    has_issues: bool = True
    copilot: bool = True
    description: str | None = None
    roles: dict[str, str] = field(default_factory=dict[str, str])  # login in lower case -> role
    issues: dict[int, Issue] = field(default_factory=dict[int, Issue])
    last_number: int = 0
    labels: dict[str, Label] = field(default_factory=dict[str, Label])  # name in lower case -> label
    workflows: dict[int, Workflow] = field(default_factory=dict[int, Workflow])
    runs: dict[int, Run] = field(default_factory=dict[int, Run])
    check_runs: dict[int, CheckRun] = field(default_factory=dict[int, CheckRun])
    statuses: list[Status] = field(default_factory=list[Status])
    hooks: dict[int, Hook] = field(default_factory=dict[int, Hook])
    dispatches: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ref_writes: deque[RefWrite] = field(default_factory=lambda: deque[RefWrite](maxlen=REF_WRITES_KEPT))
    # Held around every read-compare-write of refs, so that exactly one of several racing writers wins.
    ref_lock: trio.Lock = field(default_factory=trio.Lock)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def node_id(self) -> str:
        return node_id("R", self.id)

    def role_of(self, user: User | None) -> str:
        least = "none" if self.private else "read"
        if user is None:
            return least
        if user.login.lower() == self.owner.login.lower():
            return "admin"
        return self.roles.get(user.login.lower(), least)

    def is_collaborator(self, user: User) -> bool:
        return user.login.lower() in self.roles or user.login.lower() == self.owner.login.lower()

    def pulls(self) -> list[Issue]:
        return [issue for issue in self.issues.values() if issue.pull and not issue.deleted]

    def find_comment(self, comment_id: int) -> tuple[Issue, Comment] | None:
        found = ((issue, comment) for issue in self.issues.values() for comment in issue.comments)
        return next(((issue, comment) for issue, comment in found if comment.id == comment_id), None)
