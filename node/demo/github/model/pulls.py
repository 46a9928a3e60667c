"""The part of an issue that makes it a pull request."""

from __future__ import annotations

from dataclasses import dataclass, field

from node.demo.github.model.users import User


@dataclass(frozen=True)
class Review:
    id: int
    author: User
    body: str
    state: str  # APPROVED, CHANGES_REQUESTED, COMMENTED
    sha: str
    at: float


@dataclass(eq=False)
class Pull:
    id: int  # differs from the id of the issue, as on GitHub
    head: str  # branch name
    head_sha: str
    base: str
    base_sha: str
    draft: bool
    maintainer_can_modify: bool = True
    merged_at: float | None = None
    merged_by: User | None = None
    merge_sha: str | None = None
    reviewers: list[User] = field(default_factory=list[User])
    reviews: list[Review] = field(default_factory=list[Review])
    # (head sha, base sha) that `mergeable` belongs to; None as long as nobody asked.
    judged: tuple[str, str] | None = None
    mergeable: bool | None = None

    def forget_mergeable(self) -> None:
        self.judged = None
        self.mergeable = None
