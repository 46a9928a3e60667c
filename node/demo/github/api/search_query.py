"""The search language: quoted phrases, words, `name:value` qualifiers, each of them negated by a leading minus."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from node.demo.github.api.ranges import created_range
from node.demo.github.model.issues import Issue, Snapshot

TERM = re.compile(r'(?P<minus>-)?(?:(?P<name>[a-z-]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))', re.IGNORECASE)
FIELDS = {"title", "body", "comments"}


@dataclass(frozen=True)
class Term:
    name: str  # empty for a word or phrase
    value: str
    negated: bool


def terms(query: str) -> list[Term]:
    found = TERM.finditer(query)
    return [
        Term(
            (match["name"] or "").lower(),
            match["quoted"] if match["quoted"] is not None else match["plain"],
            bool(match["minus"]),
        )
        for match in found
    ]


Test = Callable[[Issue, Snapshot, str], bool]

KINDS: dict[str, Test] = {
    "issue": lambda issue, shot, value: issue.pull is None,
    "pr": lambda issue, shot, value: issue.pull is not None,
    "pull-request": lambda issue, shot, value: issue.pull is not None,
    "open": lambda issue, shot, value: shot.state == "open",
    "closed": lambda issue, shot, value: shot.state == "closed",
    "merged": lambda issue, shot, value: issue.pull is not None and issue.pull.merged_at is not None,
    "draft": lambda issue, shot, value: issue.pull is not None and issue.pull.draft,
    "locked": lambda issue, shot, value: issue.locked,
    "public": lambda issue, shot, value: not issue.repository.private,
    "private": lambda issue, shot, value: issue.repository.private,
}


def is_kind(issue: Issue, shot: Snapshot, value: str) -> bool:
    test = KINDS.get(value.lower())
    return test is not None and test(issue, shot, value)


def assigned(issue: Issue, shot: Snapshot, value: str) -> bool:
    return value.lower() in {user.login.lower() for user in issue.assignees}


def lacks(issue: Issue, shot: Snapshot, value: str) -> bool:
    present = {"label": bool(shot.labels), "assignee": bool(issue.assignees), "milestone": False}
    return not present.get(value.lower(), True)


QUALIFIERS: dict[str, Test] = {
    "is": is_kind,
    "type": is_kind,
    "state": lambda issue, shot, value: shot.state == value.lower(),
    "reason": lambda issue, shot, value: (shot.reason or "").replace("_", " ") == value.lower().replace("_", " "),
    "label": lambda issue, shot, value: bool(shot.labels & {each.strip('"').lower() for each in value.split(",")}),
    "author": lambda issue, shot, value: issue.author.login.lower() == value.lower(),
    "assignee": assigned,
    "no": lacks,
    "repo": lambda issue, shot, value: issue.repository.full_name.lower() == value.lower(),
    "user": lambda issue, shot, value: issue.repository.owner.login.lower() == value.lower(),
    "org": lambda issue, shot, value: issue.repository.owner.login.lower() == value.lower(),
    "created": lambda issue, shot, value: created_range(value)(issue.created_at),
    "updated": lambda issue, shot, value: created_range(value)(issue.updated_at),
    "closed": lambda issue, shot, value: issue.closed_at is not None and created_range(value)(issue.closed_at),
    "head": lambda issue, shot, value: issue.pull is not None and issue.pull.head.startswith(value),
    "base": lambda issue, shot, value: issue.pull is not None and issue.pull.base == value,
}
SCOPES = ("repo", "user", "org")


def places(found: list[Term]) -> set[str]:
    """The fields that words are looked for in."""
    named = {part for term in found if term.name == "in" for part in term.value.lower().split(",")} & FIELDS
    return named or FIELDS


def haystack(shot: Snapshot, where: set[str]) -> str:
    if where == FIELDS:
        return shot.text.lower()
    parts = {"title": shot.title, "body": shot.body, "comments": shot.text[len(shot.title) + len(shot.body) + 2 :]}
    return "\n".join(parts[name] for name in sorted(where)).lower()


def meets(issue: Issue, shot: Snapshot, found: list[Term]) -> bool:
    """Every term holds; those of one scope qualifier together are alternatives."""
    text = haystack(shot, places(found))
    for term in found:
        if term.name == "in" or (term.name in SCOPES and not term.negated):
            continue
        test = QUALIFIERS.get(term.name)
        value = term.value if test or not term.name else f"{term.name}:{term.value}"
        holds = test(issue, shot, value) if test else value.lower() in text
        if holds == term.negated:
            return False
    scopes = [term for term in found if term.name in SCOPES and not term.negated]
    return not scopes or any(QUALIFIERS[term.name](issue, shot, term.value) for term in scopes)
