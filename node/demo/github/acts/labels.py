"""Labels of a repository: one per name, whatever the case."""

from __future__ import annotations

import re

from node.demo.github.model.issues import Label
from node.demo.github.model.repositories import Repository
from node.demo.github.model.world import World
from node.demo.github.wire.problem import invalid

MAX_NAME = 50  # characters
MAX_DESCRIPTION = 100
COLOR = re.compile(r"[0-9a-fA-F]{6}")


def check(name: str | None, color: str | None, description: str | None) -> None:
    if name is not None and not name.strip():
        raise invalid("Label", "name", "missing_field")
    if name is not None and len(name) > MAX_NAME:
        raise invalid("Label", "name", "custom", f"name is too long (maximum is {MAX_NAME} characters)")
    if color is not None and not COLOR.fullmatch(color):
        raise invalid("Label", "color", "invalid")
    if description is not None and len(description) > MAX_DESCRIPTION:
        raise invalid("Label", "description", "custom", "description is too long (maximum is 100 characters)")


def create(world: World, repository: Repository, name: str, color: str | None, description: str | None) -> Label:
    check(name, color, description)
    if name.lower() in repository.labels:
        raise invalid("Label", "name", "already_exists")
    label = Label(world.new_id(), name, (color or "ededed").lower(), description)
    repository.labels[name.lower()] = label
    return label


def ensure(world: World, repository: Repository, names: list[str]) -> list[Label]:
    """The labels of these names, each once, in order; unknown ones are created in grey."""
    for name in names:
        check(name, None, None)
    found: dict[str, Label] = {}
    for name in names:
        key = name.lower()
        found[key] = repository.labels.get(key) or create(world, repository, name, None, None)
    return list(found.values())


def rename(repository: Repository, label: Label, name: str) -> None:
    taken = repository.labels.get(name.lower())
    if taken is not None and taken is not label:
        raise invalid("Label", "name", "already_exists")
    del repository.labels[label.name.lower()]
    label.name = name
    repository.labels[name.lower()] = label


def delete(repository: Repository, label: Label) -> None:
    del repository.labels[label.name.lower()]
    for issue in repository.issues.values():
        issue.labels = [kept for kept in issue.labels if kept is not label]
