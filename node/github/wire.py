"""What GitHub sends, as far as it is used: checked here once, trusted from here on.

Unknown fields are ignored and missing ones have GitHub's own defaults; what is neither raises
`msgspec.ValidationError`, which the client takes for an answer that cannot be understood.
"""

from datetime import datetime
from typing import Any

import msgspec

from aggregator.filing.calls import Comment, Issue


class WireUser(msgspec.Struct, frozen=True):
    login: str = ""


class WireLabel(msgspec.Struct, frozen=True):
    name: str = ""


class WireIssue(msgspec.Struct, frozen=True):
    id: int  # in the database; not the number
    number: int
    title: str
    state: str
    created_at: datetime
    body: str | None = None
    state_reason: str | None = None
    labels: tuple[WireLabel | str, ...] = ()
    user: WireUser | None = None  # None: the account was deleted
    author_association: str = "NONE"
    closed_at: datetime | None = None
    locked: bool = False
    closed_by: WireUser | None = None
    pull_request: Any = None  # present: it is one
    repository_url: str = ""

    @property
    def repository(self) -> str:
        """`owner/name` as GitHub spells it; empty where the answer does not say."""
        return "/".join(self.repository_url.rstrip("/").split("/")[-2:])


class WireComment(msgspec.Struct, frozen=True):
    body: str | None = None
    user: WireUser | None = None


class WirePermission(msgspec.Struct, frozen=True):
    permission: str  # admin, write, read, none
    role_name: str = ""  # also triage, maintain, and names that an organisation made up


def issue_of(wire: WireIssue, repository: str) -> Issue:
    """`repository` as who asked spells it. The body of a pull request is left out: it is no issue."""
    return Issue(
        repository=repository,
        number=wire.number,
        title=wire.title,
        body="" if wire.pull_request is not None else wire.body or "",
        open=wire.state == "open",
        state_reason=wire.state_reason or "",
        labels=tuple(label if isinstance(label, str) else label.name for label in wire.labels),
        author=_login(wire.user),
        author_association=wire.author_association,
        created_at=wire.created_at.timestamp(),
        closed_at=wire.closed_at.timestamp() if wire.closed_at else 0.0,
        locked=wire.locked,
        closed_by=_login(wire.closed_by),
    )


def comment_of(wire: WireComment) -> Comment:
    return Comment(wire.body or "", _login(wire.user))


def _login(user: WireUser | None) -> str:
    return user.login if user else ""
