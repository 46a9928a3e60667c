"""An issue deleted, or moved to another repository: its number stays taken and answers 410 or 301."""

from __future__ import annotations

from node.demo.github.acts import issues, labels
from node.demo.github.model.issues import Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import User
from node.demo.github.model.world import World
from node.demo.github.wire.problem import Problem


def delete(world: World, issue: Issue, actor: User, now: float) -> None:
    issue.deleted = True
    issues.touched(world, issue, now, actor, "deleted")
    issues.announce(world, issue, "deleted", actor)


def transfer(world: World, issue: Issue, destination: Repository, actor: User, now: float) -> Issue:
    """The issue as it is in its new place, where it has a new number and id."""
    if issue.pull is not None or issue.moved_to is not None or destination is issue.repository:
        raise Problem(422, "This issue cannot be transferred")
    moved = issues.open_issue(world, destination, issue.author, issue.title, issue.body, now)
    moved.created_at = issue.created_at
    moved.state, moved.state_reason, moved.closed_at, moved.closed_by = (
        issue.state, issue.state_reason, issue.closed_at, issue.closed_by
    )  # fmt: skip
    moved.comments = list(issue.comments)
    moved.labels = labels.ensure(world, destination, [label.name for label in issue.labels])
    issue.moved_to = moved
    issues.touched(world, moved, now, actor, "transferred")
    issues.announce(world, issue, "transferred", actor)
    return moved
