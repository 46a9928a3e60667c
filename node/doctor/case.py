"""What is examined: a node as it runs, or, where none runs, what its configuration says and this machine shows."""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aggregator.reason import Reason
from node.config import Config, Places
from node.store import StoreError


@dataclass(frozen=True)
class TokenFacts:
    """A token without the token."""

    source: str
    kind: str
    person: bool  # speaks for a person, not for an app


class Facts(Protocol):
    """What the token sees of a repository."""

    @property
    def private(self) -> bool: ...
    @property
    def archived(self) -> bool: ...
    @property
    def has_issues(self) -> bool: ...
    @property
    def push(self) -> bool: ...


class GitHub(Protocol):
    """All may raise `aggregator.filing.calls.Failure`."""

    async def login(self) -> str: ...
    async def facts(self, repository: str, age: float | None = None) -> Facts: ...
    async def lacks(self, repository: str, permission: str) -> Reason | None: ...
    async def scopes(self) -> frozenset[str] | None: ...
    async def coding_agent(self, repository: str) -> bool: ...
    async def clock_ahead(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Company:
    """The fleet, as far as it can be seen. `test`: None if a node answers at an address, else why not."""

    name: str
    addresses: Sequence[str]  # of other nodes, with peer ids
    test: Callable[[str], Awaitable[str | None]]
    neighbours: Sequence[str] | None = None  # peer ids; None: no node runs here
    others: int = 0  # members that are known besides this node
    copied: str = ""  # what to do about another machine that runs with this node's key; empty: none was noticed
    clocks: Sequence[float] = ()  # by how many seconds this clock is ahead of each other node's


@dataclass(frozen=True, kw_only=True)
class Case:
    config: Config
    places: Places
    user: int  # that the node runs as
    running: bool = False
    storage: StoreError | None = None  # why the running node cannot write its database; None: it can
    token: TokenFacts | None = None
    token_trouble: str = ""  # why the token that there is cannot be used
    github: GitHub | None = None  # None: there is no token, or it is not to be asked
    full: Sequence[str] = ()  # kinds of rulings of which no further one finds room in the book
    company: Company | None = None  # None: the node belongs to no fleet
    company_trouble: str = ""  # why the fleet file cannot be used
    services: Sequence[str] | None = None  # that were seen; None: no node runs here
    webhook_trouble: str = ""  # why a webhook that is meant to be used cannot be
    webhook_file: Path | None = None  # that holds the webhook's address, where that is a configuration file
    path: str = os.defpath  # where the node looks for programs
    libraries: tuple[str, str] = ("", "")  # libp2p: installed (empty: not at all), and relied on

    @property
    def repositories(self) -> list[str]:
        return sorted({self.config.github.repository, *self.config.github.routes.values()} - {""})

    @property
    def filing(self) -> bool:
        return self.config.filing.issues and not self.config.filing.paused

    @property
    def outward(self) -> bool:
        """Whether this node is meant to file, now or once it is switched on."""
        return self.filing or bool(self.repositories)
