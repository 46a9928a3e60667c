"""Who may be assigned, and assigning.

The coding agent is assigned as `copilot-swe-agent[bot]` and shows up as `Copilot`; the login `Copilot` itself is taken
and ignored. Installations may not assign it."""

from __future__ import annotations

from node.demo.github.acts.issues import announce, touched
from node.demo.github.model.issues import Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import COPILOT, COPILOT_ASSIGN_LOGIN, User
from node.demo.github.model.world import World
from node.demo.github.wire.problem import invalid

MAX_ASSIGNEES = 10


def assignable(world: World, repository: Repository) -> list[User]:
    """People and teams' members with a role here, by login."""
    logins = set(repository.roles)
    if repository.owner.kind == "User":
        logins.add(repository.owner.login.lower())
    found = (world.find_user(login) for login in sorted(logins))
    return [user for user in found if user is not None and user.kind != "Organization"]


def find(world: World, repository: Repository, login: str, installation: bool) -> User | None:
    if login.lower() == COPILOT_ASSIGN_LOGIN:
        return COPILOT if repository.copilot and not installation else None
    return next((user for user in assignable(world, repository) if user.login.lower() == login.lower()), None)


def known(world: World, repository: Repository, logins: list[str], installation: bool) -> list[User]:
    """The assignable ones; the rest is left out silently."""
    found = (find(world, repository, login, installation) for login in logins)
    return list({user.login: user for user in found if user is not None}.values())


def required(world: World, repository: Repository, logins: list[str], installation: bool) -> list[User]:
    """All of them, or 422 for the first that cannot be assigned."""
    for login in logins:
        ignored = login.lower() == COPILOT.login.lower()
        if not ignored and find(world, repository, login, installation) is None:
            raise invalid("Issue", "assignees", "invalid", value=login)
    return known(world, repository, logins, installation)


def assign(world: World, issue: Issue, actor: User, now: float, users: list[User]) -> None:
    for user in users:
        if user not in issue.assignees and len(issue.assignees) < MAX_ASSIGNEES:
            issue.assignees.append(user)
            touched(world, issue, now, actor, "assigned", assignee={"login": user.login, "id": user.id})
            announce(world, issue, "assigned", actor)


def unassign(world: World, issue: Issue, actor: User, now: float, logins: list[str]) -> None:
    folded = {"copilot" if login.lower() == COPILOT_ASSIGN_LOGIN else login.lower() for login in logins}
    for user in [each for each in issue.assignees if each.login.lower() in folded]:
        issue.assignees.remove(user)
        touched(world, issue, now, actor, "unassigned", assignee={"login": user.login, "id": user.id})
        announce(world, issue, "unassigned", actor)


def replace(world: World, issue: Issue, actor: User, now: float, users: list[User]) -> None:
    gone = [user.login for user in issue.assignees if user not in users]
    unassign(world, issue, actor, now, gone)
    assign(world, issue, actor, now, users)
