"""Finding what a global id stands for. Ids carry their kind and where to look, so nothing needs a register."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from node.demo.github.graphql.loop import no_node
from node.demo.github.model.issues import Comment, Issue, Label
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import COPILOT, GHOST, User, at_least
from node.demo.github.wire.call import Call


@dataclass(frozen=True)
class RefName:
    repository: Repository
    name: str


@dataclass(frozen=True)
class CommitName:
    repository: Repository
    sha: str


@dataclass(frozen=True)
class CommentPlace:
    issue: Issue
    comment: Comment


Found = User | Repository | Issue | Label | RefName | CommitName | CommentPlace


def parts(identifier: str) -> tuple[str, list[str]]:
    prefix, _, encoded = identifier.partition("_")
    try:
        text = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", []
    return prefix, text.split(":", 1)


def visible(call: Call) -> list[Repository]:
    return [each for each in call.world.repositories.values() if at_least(call.role_in(each), "read")]


def find(call: Call, identifier: str) -> Found | None:
    """What the id stands for, or None when there is no such thing or the asker may not see it."""
    prefix, values = parts(identifier)
    if not values or not values[0].isdigit():
        return None
    number = int(values[0])
    if prefix in ("U", "O", "BOT"):
        users = [*call.world.users.values(), COPILOT, GHOST]
        return next((user for user in users if user.id == number and user.node_id == identifier), None)
    if prefix in ("R", "REF", "C"):
        return in_repository(call, prefix, number, values)
    return numbered(call, prefix, number)


def in_repository(call: Call, prefix: str, number: int, values: list[str]) -> Found | None:
    repository = next((each for each in visible(call) if each.id == number), None)
    if repository is None or prefix == "R":
        return repository
    if len(values) < 2:
        return None
    return RefName(repository, values[1]) if prefix == "REF" else CommitName(repository, values[1])


def numbered(call: Call, prefix: str, number: int) -> Found | None:
    """Issues, pull requests, labels and comments: by database id, in any repository in sight."""
    for repository in visible(call):
        for label in repository.labels.values():
            if prefix == "LA" and label.id == number:
                return label
        for issue in repository.issues.values():
            if prefix in ("I", "PR") and issue.id == number and bool(issue.pull) == (prefix == "PR"):
                return None if issue.deleted else issue
        found = repository.find_comment(number) if prefix == "IC" else None
        if found is not None:
            return CommentPlace(*found)
    return None


def need(call: Call, identifier: str, kind: type[Any]) -> Any:
    """As `find`, but of this kind. Raises NOT_FOUND."""
    found = find(call, identifier)
    if not isinstance(found, kind):
        raise no_node(identifier)
    return found


def need_issue(call: Call, identifier: str, pull: bool | None = None) -> Issue:
    """An issue, a pull request, or with None either."""
    issue: Issue = need(call, identifier, Issue)
    if pull is not None and bool(issue.pull) != pull:
        raise no_node(identifier)
    return issue
