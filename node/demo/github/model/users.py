"""Accounts, and what each may do in a repository.

Roles are ordered as GitHub orders them; `at_least` is the only comparison anyone makes."""

from __future__ import annotations

import base64
from dataclasses import dataclass

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
# The names the collaborators endpoints use for the same roles.
ROLE_OF_PERMISSION = {"pull": "read", "push": "write"} | {role: role for role in ROLES}


def at_least(role: str, wanted: str) -> bool:
    return ROLES.index(role) >= ROLES.index(wanted)


def lower_role(one: str, other: str) -> str:
    return min(one, other, key=ROLES.index)


def node_id(prefix: str, *parts: object) -> str:
    """An opaque id that names its kind by the prefix, as the GraphQL ids of GitHub do."""
    text = ":".join(str(part) for part in parts)
    return f"{prefix}_{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


@dataclass(frozen=True)
class User:
    id: int
    login: str
    kind: str = "User"  # User, Organization or Bot

    @property
    def node_id(self) -> str:
        return node_id({"Organization": "O", "Bot": "BOT"}.get(self.kind, "U"), self.id)

    @property
    def email(self) -> str:
        return f"{self.id}+{self.login}@users.noreply.github.com"


# The coding agent: assigned under one login, shown under another.
COPILOT = User(198982749, "Copilot", "Bot")
COPILOT_ASSIGN_LOGIN = "copilot-swe-agent[bot]"
COPILOT_ACTOR_LOGIN = "copilot-swe-agent"
GHOST = User(10137, "ghost")
