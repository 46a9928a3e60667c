"""GitHub Apps: a key pair, of which we hold the public half, and one installation."""

from __future__ import annotations

from dataclasses import dataclass, field

from node.demo.github.model.users import User


@dataclass(frozen=True)
class App:
    id: int
    slug: str
    public_key: str = field(repr=False)  # PEM
    bot: User
    installation_id: int
    permissions: dict[str, str]
    repositories: frozenset[str]  # full names in lower case
