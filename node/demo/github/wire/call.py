"""One request as handlers see it: who asks, about which repository, with what body; and what they may do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from node.demo.github.model.repositories import Repository
from node.demo.github.model.tokens import Token
from node.demo.github.model.users import User, at_least, lower_role
from node.demo.github.model.world import World
from node.demo.github.wire import fields
from node.demo.github.wire.answer import OLD_VERSION, Answer
from node.demo.github.wire.links import Links
from node.demo.github.wire.pages import Page, headers_and_items, link_header, page_of, wrapped
from node.demo.github.wire.problem import Problem, not_found, unauthenticated

T = TypeVar("T")


@dataclass
class Call:
    world: World
    method: str
    path: str  # decoded, without the enterprise prefix
    query: Mapping[str, str]
    headers: Mapping[str, str]
    links: Links
    now: float
    token: Token | None = None
    version: str = OLD_VERSION
    body: Any = None
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    found: Repository | None = None  # of routes below a repository

    @property
    def repository(self) -> Repository:
        if self.found is None:
            raise not_found()
        return self.found

    @property
    def fields(self) -> dict[str, Any]:
        return fields.mapping(self.body)

    @property
    def user(self) -> User:
        if self.token is None:
            raise unauthenticated()
        return self.token.user

    @property
    def installation(self) -> bool:
        """Is this a token of an app, not of a person (or made to look so by a switch)?"""
        switched = self.world.switches.look("PRM-02", self.method, self.path) is not None
        return switched or (self.token is not None and self.token.kind == "installation")

    def role_in(self, repository: Repository) -> str:
        """What the asker may do there, the confinement of the token left aside."""
        role = repository.role_of(self.token.user if self.token else None)
        if self.token and self.token.repositories is not None:
            if repository.full_name.lower() not in self.token.repositories:
                return "none" if repository.private else "read"
            # Apps are no collaborators: an installation counts as a writer that its permissions confine.
            role = "write" if self.token.kind == "installation" else role
        confined = self.world.switches.look("PRM-01", self.method, self.path)
        return lower_role(role, "read") if confined else role

    @property
    def role(self) -> str:
        return self.role_in(self.repository)

    def may(self, role: str, *areas: str) -> bool:
        """Has the asker this role here, and does the token reach one of these areas with write access?"""
        if self.token is None or not at_least(self.role, role):
            return False
        return not areas or any(self.token.allows(area, "write") for area in areas)

    def need(self, role: str, *areas: str) -> None:
        if self.token is None:
            raise unauthenticated()
        if not self.may(role, *areas):
            raise Problem(403, self.token.refusal)

    def many(self, found: Sequence[T], view: Callable[[T], Any]) -> Answer:
        """One page of a list, each item through `view(item)`."""
        headers, items = headers_and_items(self.links.api + self.path, self.query, found)
        return Answer(200, [view(item) for item in items], headers)

    def counted(self, name: str, found: Sequence[T], view: Callable[[T], Any], total: int | None = None) -> Answer:
        """One page of a list in the {total_count, name} wrapping."""
        page = self.page
        amount = len(found) if total is None else total
        headers = link_header(self.links.api + self.path, self.query, page, amount)
        return Answer(200, wrapped(name, [view(item) for item in page.cut(found)], amount), headers)

    @property
    def page(self) -> Page:
        return page_of(self.query)


def by_login(found: Iterable[User], login: str) -> User | None:
    return next((user for user in found if user.login.lower() == login.lower()), None)
