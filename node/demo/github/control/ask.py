"""One request to the control surface, and the words it shares: which repository, which person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from node.demo.github.model.issues import Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import ROLE_OF_PERMISSION, User
from node.demo.github.model.world import World
from node.demo.github.wire.links import Links
from node.demo.github.wire.problem import Problem


@dataclass(frozen=True)
class Ask:
    world: World
    body: dict[str, Any]
    params: dict[str, Any]
    links: Links

    @property
    def now(self) -> float:
        return self.world.now()

    def need(self, name: str) -> Any:
        if self.body.get(name) is None:
            raise Problem(422, f"The control surface needs {name!r} here")
        return self.body[name]

    @property
    def repository(self) -> Repository:
        """The one in the path or the body, else the first."""
        path = f"{self.params['owner']}/{self.params['name']}" if "owner" in self.params else None
        wanted = path or self.body.get("repository")
        found = self.world.first_repository if wanted is None else self.world.repository(str(wanted))
        if found is None:
            raise Problem(404, f"There is no repository {wanted!r}")
        return found

    @property
    def person(self) -> User:
        """Who acts: `login`, made on first mention, with `permission` when that is given."""
        user = self.world.user(str(self.body.get("login") or "alice"))
        if self.body.get("permission") is not None:
            self.repository.roles[user.login.lower()] = role_named(str(self.body["permission"]))
        return user

    @property
    def issue(self) -> Issue:
        number = self.need("number")
        found = self.repository.issues.get(number)
        if found is None:
            raise Problem(404, f"There is no issue {number} in {self.repository.full_name}")
        return found


def role_named(permission: str) -> str:
    role = ROLE_OF_PERMISSION.get(permission)
    if role is None:
        raise Problem(422, f"permission must be one of {', '.join(ROLE_OF_PERMISSION)}, not {permission!r}")
    return role
