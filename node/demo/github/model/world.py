"""Everything one stand-in knows, and the few things that need all of it: ids, time, finding by name.

Time is the clock given at start plus an offset that the control surface may push forward, so that a test can let hours
pass."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from node.demo.github.model.apps import App
from node.demo.github.model.repositories import Repository
from node.demo.github.model.tokens import Token, new_value
from node.demo.github.model.users import COPILOT, GHOST, User
from node.demo.github.wire.limits import Limits
from node.demo.github.wire.record import Records
from node.demo.github.wire.switches import Switches

SEARCH_LAG = 2.0  # seconds until the search index notices a change
LOG_LIFE = 60.0  # seconds that the Location of a log stays valid


class Spawn(Protocol):
    def __call__(self, task: Callable[..., Awaitable[Any]], *args: Any) -> None: ...


def stamp(at: float | None) -> str | None:
    """A time as GitHub writes it: UTC, whole seconds, ending in Z."""
    return None if at is None else datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class LogTicket:
    """What a log Location stands for, until it expires."""

    until: float
    content: bytes
    content_type: str


@dataclass(eq=False)
class World:
    spawn: Spawn
    directory: Path
    origin: str = "http://127.0.0.1"  # of the API, for what goes out without a request (webhooks)
    clock: Callable[[], float] = time.time
    offset: float = 0.0
    search_lag: float = SEARCH_LAG
    users: dict[str, User] = field(default_factory=dict[str, User])
    tokens: dict[str, Token] = field(default_factory=dict[str, Token], repr=False)
    repositories: dict[str, Repository] = field(default_factory=dict[str, Repository])
    renamed: dict[str, int] = field(default_factory=dict[str, int])  # old full name in lower case -> repository id
    log_tickets: dict[str, LogTicket] = field(default_factory=dict[str, LogTicket])
    apps: dict[int, App] = field(default_factory=dict[int, App])
    limits: Limits = field(default_factory=Limits)
    switches: Switches = field(default_factory=Switches)
    records: Records = field(default_factory=Records)
    storage_port: int = 0  # where log Locations point: another origin than the API, as on GitHub
    last_id: int = 1_000_000

    def now(self) -> float:
        return self.clock() + self.offset

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def user(self, login: str, kind: str = "User") -> User:
        """The account of this login, made on first mention."""
        known = self.find_user(login)
        if known is None:
            known = self.users[login.lower()] = User(self.new_id(), login, kind)
        return known

    def find_user(self, login: str) -> User | None:
        fixed = {COPILOT.login.lower(): COPILOT, GHOST.login: GHOST}
        return self.users.get(login.lower()) or fixed.get(login.lower())

    def add_token(self, token: Token) -> Token:
        self.tokens[token.value] = token
        return token

    def new_token(self, user: User, kind: str = "classic", permissions: dict[str, str] | None = None) -> Token:
        return self.add_token(Token(new_value(kind), user, kind, permissions))

    def repository(self, full_name: str) -> Repository | None:
        return self.repositories.get(full_name.lower())

    @property
    def first_repository(self) -> Repository:
        """The one that was there from the start, whatever its name is now."""
        return min(self.repositories.values(), key=lambda repository: repository.id)

    def repository_by_id(self, repository_id: int) -> Repository | None:
        return next((found for found in self.repositories.values() if found.id == repository_id), None)

    def rename(self, repository: Repository, name: str, owner: User | None = None) -> None:
        """The old name redirects from now on; the new one stops redirecting, should it have. `owner`: a new one."""
        del self.repositories[repository.full_name.lower()]
        self.renamed[repository.full_name.lower()] = repository.id
        repository.name, repository.owner = name, owner or repository.owner
        self.renamed.pop(repository.full_name.lower(), None)
        self.repositories[repository.full_name.lower()] = repository
