"""Which issues a list shows, and in what order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from node.demo.github.model.issues import Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import invalid

SORTS: dict[str, Callable[[Issue], tuple[int, int]]] = {
    # By number within one second: times are compared in the resolution in which they are shown.
    "created": lambda issue: (int(issue.created_at), issue.number),
    "updated": lambda issue: (int(issue.updated_at), issue.number),
    "comments": lambda issue: (len(issue.comments), issue.number),
}


@dataclass(frozen=True)
class Wanted:
    state: str = "open"
    labels: tuple[str, ...] = ()  # lower case; all of them
    since: float | None = None
    creator: str | None = None
    assignee: str | None = None
    type: str | None = None
    sort: str = "created"
    descending: bool = True

    def meets(self, issue: Issue) -> bool:
        return (
            self.state in ("all", issue.state)
            and set(self.labels) <= issue.label_names()
            and (self.since is None or int(issue.updated_at) >= self.since)
            and (self.creator is None or issue.author.login.lower() == self.creator)
            and self._assigned(issue)
            and (self.type in (None, "*") or (issue.type or "none").lower() == self.type)
        )

    def _assigned(self, issue: Issue) -> bool:
        logins = {user.login.lower() for user in issue.assignees}
        if self.assignee in (None, "*"):
            return self.assignee is None or bool(logins)
        return not logins if self.assignee == "none" else self.assignee in logins


def choice(call: Call, name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = call.query.get(name) or default
    if value not in allowed:
        raise invalid("Issue", name, "invalid")
    return value


def wanted_list(call: Call) -> Wanted:
    names = (name.strip().lower() for name in call.query.get("labels", "").split(","))
    lower = {name: call.query[name].lower() for name in ("creator", "assignee", "type") if call.query.get(name)}
    return Wanted(
        state=choice(call, "state", "open", ("open", "closed", "all")),
        labels=tuple(name for name in names if name),
        since=since(call),
        sort=choice(call, "sort", "created", tuple(SORTS)),
        descending=choice(call, "direction", "desc", ("asc", "desc")) == "desc",
        **lower,
    )


def since(call: Call) -> float | None:
    """The `since` parameter as Unix seconds; a time without zone is UTC."""
    text = call.query.get("since")
    if not text:
        return None
    try:
        # A plus sign that was not encoded arrives as a space.
        when = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
    except ValueError as error:
        raise invalid("Issue", "since", "invalid") from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def listed(repository: Repository, wanted: Wanted, until: float | None) -> list[Issue]:
    """Issues and pull requests that meet `wanted`; `until` hides what was created after it (a lagging replica)."""
    present = (issue for issue in repository.issues.values() if not issue.deleted and issue.moved_to is None)
    fresh = (issue for issue in present if until is None or issue.created_at <= until)
    return sorted(filter(wanted.meets, fresh), key=SORTS[wanted.sort], reverse=wanted.descending)
