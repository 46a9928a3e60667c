"""What happens to an issue: opened, edited, closed, reopened, labelled, assigned, commented on, locked.

Each act takes `now` and the actor, moves `updated_at`, notes an event and tells the webhooks. There is no optimistic
locking: the last writer wins."""

from __future__ import annotations

from typing import Any

from node.demo.github.acts import hooks, labels
from node.demo.github.model.issues import LOCK_REASONS, MAX_BODY, MAX_TITLE, Comment, Event, Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import User
from node.demo.github.model.world import World
from node.demo.github.view import issue as issue_view
from node.demo.github.wire.links import Links
from node.demo.github.wire.problem import Problem, invalid


def check_title(title: str) -> None:
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    if len(title) > MAX_TITLE:
        raise invalid("Issue", "title", "custom", "title is too long (maximum is 256 characters)")


def check_body(resource: str, body: str) -> None:
    if len(body) > MAX_BODY:
        raise invalid(resource, "body", "custom", f"body is too long (maximum is {MAX_BODY} characters)")


def touched(world: World, issue: Issue, now: float, actor: User, kind: str, **detail: Any) -> None:
    """The common end of every act."""
    issue.updated_at = now
    if kind:
        issue.events.append(Event(world.new_id(), kind, actor, now, detail))
    issue.snapshot(now, keep=world.search_lag + 3600)


def announce(world: World, issue: Issue, action: str, actor: User, **parts: Any) -> None:
    # The pull request's own events are announced where pull requests change.
    if issue.pull is None and issue.repository.hooks:
        shown = issue_view.full_issue(Links(world.origin), issue)
        hooks.announce(world, issue.repository, "issues", actor, action=action, issue=shown, **parts)


def next_number(repository: Repository) -> int:
    repository.last_number += 1
    return repository.last_number


def open_issue(world: World, repository: Repository, author: User, title: str, body: str | None, now: float) -> Issue:
    """A new issue; everything is checked before anything is made. Labels and assignees come after, by their own
    acts."""
    check_title(title)
    check_body("Issue", body or "")
    issue = Issue(repository, world.new_id(), next_number(repository), author, title, body, now, now)
    repository.issues[issue.number] = issue
    issue.snapshot(now, keep=0)
    return issue


def edit(world: World, issue: Issue, actor: User, now: float, title: str | None, body: str | None) -> None:
    """Change title or body; None leaves it."""
    if title is not None and title != issue.title:
        rename = {"from": issue.title, "to": title}
        issue.title = title
        touched(world, issue, now, actor, "renamed", rename=rename)
    if body is not None and body != issue.body:
        issue.body = body
        touched(world, issue, now, actor, "")
    announce(world, issue, "edited", actor)


def close(
    world: World, issue: Issue, actor: User, now: float, reason: str | None = None, canonical: Issue | None = None
) -> None:
    """Close, or give a closed issue another reason. `canonical` is the issue that a duplicate points to."""
    if issue.state == "closed" and reason in (None, issue.state_reason):
        return
    if issue.state == "open":
        issue.closed_at, issue.closed_by = now, actor
    issue.state = "closed"
    # The REST API gives pull requests no reason.
    issue.state_reason = None if issue.pull else reason or "completed"
    issue.duplicate_of = canonical if reason == "duplicate" else None
    touched(world, issue, now, actor, "closed", state_reason=issue.state_reason)
    if issue.duplicate_of is not None:
        touched(world, issue, now, actor, "marked_as_duplicate")
    announce(world, issue, "closed", actor)


def reopen(world: World, issue: Issue, actor: User, now: float) -> None:
    if issue.state == "open":
        return
    issue.state, issue.closed_at, issue.closed_by, issue.duplicate_of = "open", None, None, None
    issue.state_reason = None if issue.pull else "reopened"
    touched(world, issue, now, actor, "reopened", state_reason=issue.state_reason)
    announce(world, issue, "reopened", actor)


def add_labels(world: World, issue: Issue, actor: User, now: float, names: list[str]) -> None:
    for label in labels.ensure(world, issue.repository, names):
        if label not in issue.labels:
            issue.labels.append(label)
            detail = {"label": {"name": label.name, "color": label.color}}
            touched(world, issue, now, actor, "labeled", **detail)
            announce(world, issue, "labeled", actor, **detail)


def remove_label(world: World, issue: Issue, actor: User, now: float, name: str) -> None:
    """Raises 404 when the issue does not bear the label."""
    label = next((each for each in issue.labels if each.name.lower() == name.lower()), None)
    if label is None:
        raise Problem(404, "Label does not exist")
    issue.labels.remove(label)
    touched(world, issue, now, actor, "unlabeled", label={"name": label.name, "color": label.color})
    announce(world, issue, "unlabeled", actor)


def set_labels(world: World, issue: Issue, actor: User, now: float, names: list[str]) -> None:
    wanted = labels.ensure(world, issue.repository, names)
    for label in [each for each in issue.labels if each not in wanted]:
        remove_label(world, issue, actor, now, label.name)
    add_labels(world, issue, actor, now, names)


def comment(world: World, issue: Issue, author: User, now: float, body: str) -> Comment:
    check_comment(body)
    made = Comment(world.new_id(), author, body, now, now)
    issue.comments.append(made)
    touched(world, issue, now, author, "")
    announce_comment(world, issue, made, "created", author)
    return made


def check_comment(body: str) -> None:
    if not body.strip():
        raise invalid("IssueComment", "body", "missing_field", "body can't be blank")
    check_body("IssueComment", body)


def announce_comment(world: World, issue: Issue, made: Comment, action: str, actor: User) -> None:
    if issue.repository.hooks:
        links = Links(world.origin)
        parts = {"issue": issue_view.full_issue(links, issue), "comment": issue_view.comment(links, issue, made)}
        hooks.announce(world, issue.repository, "issue_comment", actor, action=action, **parts)


def lock(world: World, issue: Issue, actor: User, now: float, reason: str | None) -> None:
    if reason is not None and reason not in LOCK_REASONS:
        raise invalid("Issue", "lock_reason", "invalid", f"lock_reason must be one of {', '.join(LOCK_REASONS)}")
    issue.locked, issue.lock_reason = True, reason
    touched(world, issue, now, actor, "locked", lock_reason=reason)


def unlock(world: World, issue: Issue, actor: User, now: float) -> None:
    issue.locked, issue.lock_reason = False, None
    touched(world, issue, now, actor, "unlocked")
