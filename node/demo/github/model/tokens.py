"""Tokens: who they speak for and what they are confined to.

The values look like real ones of their kind (prefix, alphabet, length), so that redaction is tested on what it will
meet."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

from node.demo.github.model.users import User

ALPHABET = string.ascii_letters + string.digits
KINDS = ("classic", "fine-grained", "oauth", "app-user", "installation")
LEVELS = ("none", "read", "write")
AREAS = (
    "administration",
    "actions",
    "checks",
    "contents",
    "issues",
    "pull_requests",
    "statuses",
    "workflows",
    "webhooks",
)


@dataclass(frozen=True)
class Token:
    value: str = field(repr=False)
    user: User
    kind: str = "classic"
    # None: as far as the user's role goes. Otherwise area -> level; an area that is missing is "none".
    permissions: dict[str, str] | None = None
    # None: every repository the user sees. Otherwise full names in lower case.
    repositories: frozenset[str] | None = None

    def allows(self, area: str, level: str) -> bool:
        if self.permissions is None:
            return True
        return LEVELS.index(self.permissions.get(area, "none")) >= LEVELS.index(level)

    @property
    def refusal(self) -> str:
        bearer = "integration" if self.kind == "installation" else "personal access token"
        return f"Resource not accessible by {bearer}"


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_value(kind: str) -> str:
    if kind == "fine-grained":
        return f"github_pat_{random_text(22)}_{random_text(59)}"
    if kind == "installation":
        return (
            f"ghs_{secrets.randbelow(900_000) + 100_000}_eyJ{random_text(90)}.eyJ{random_text(300)}.{random_text(86)}"
        )
    return {"oauth": "gho_", "app-user": "ghu_"}.get(kind, "ghp_") + random_text(36)


def all_areas(level: str) -> dict[str, str]:
    return dict.fromkeys(AREAS, level)
