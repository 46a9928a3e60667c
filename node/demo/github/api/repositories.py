"""The repository itself and its people."""

from __future__ import annotations

from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import ROLE_OF_PERMISSION, User, at_least
from node.demo.github.view import people
from node.demo.github.view import repository as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, nothing
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import invalid, not_found
from node.demo.github.wire.routing import Route


def shown(call: Call, repository: Repository) -> dict[str, object]:
    value = view.full(call.links, repository, call.role_in(repository))
    # What a switch pretends, the answer says too.
    if call.world.switches.look("STA-01", call.method, call.path):
        value["has_issues"] = False
    if call.world.switches.look("STA-04", call.method, call.path):
        value["archived"] = True
    return value


async def read(call: Call) -> Answer:
    return Answer(200, shown(call, call.repository))


async def edit(call: Call) -> Answer:
    call.need("admin", "administration")
    repository, body = call.repository, call.fields
    name, branch = fields.text(body, "name"), fields.text(body, "default_branch")
    if branch is not None and await repository.git.ref(f"refs/heads/{branch}") is None:
        raise invalid("Repository", "default_branch", "invalid")
    repository.default_branch = branch or repository.default_branch
    repository.description = fields.text(body, "description") or repository.description
    repository.has_issues = fields.flag(body, "has_issues", repository.has_issues)
    repository.archived = fields.flag(body, "archived", repository.archived)
    visibility = fields.text(body, "visibility")
    private = repository.private if visibility is None else visibility != "public"
    repository.private = fields.flag(body, "private", private)
    if name is not None and name != repository.name:
        call.world.rename(repository, name)
    return Answer(200, shown(call, repository))


def seen(call: Call) -> list[Repository]:
    return [each for each in call.world.repositories.values() if at_least(call.role_in(each), "read")]


async def mine(call: Call) -> Answer:
    own = [each for each in seen(call) if each.is_collaborator(call.user) or call.installation]
    return call.many(own, lambda each: view.full(call.links, each, call.role_in(each)))


async def of_owner(call: Call) -> Answer:
    login = call.params["login"].lower()
    found = [each for each in seen(call) if each.owner.login.lower() == login]
    return call.many(found, lambda each: view.full(call.links, each, call.role_in(each)))


async def of_installation(call: Call) -> Answer:
    found = [each for each in seen(call) if call.token and call.token.repositories]
    return call.counted("repositories", found, lambda each: view.full(call.links, each, call.role_in(each)))


def members(call: Call) -> list[tuple[User, str]]:
    repository = call.repository
    roles = {**repository.roles}
    if repository.owner.kind == "User":
        roles[repository.owner.login.lower()] = "admin"
    found = ((call.world.find_user(login), role) for login, role in sorted(roles.items()))
    return [(user, role) for user, role in found if user is not None]


async def collaborators(call: Call) -> Answer:
    call.need("write")
    return call.many(members(call), lambda pair: people.collaborator(call.links, *pair))


def named_user(call: Call) -> User:
    user = call.world.find_user(call.params["login"])
    if user is None:
        raise not_found()
    return user


async def is_collaborator(call: Call) -> Answer:
    call.need("read")
    if not call.repository.is_collaborator(named_user(call)):
        raise not_found()
    return nothing()


async def permission(call: Call) -> Answer:
    """Of a stranger it is `none`, or `read` where everyone may read. Unknown logins are 404."""
    call.need("read")
    user = named_user(call)
    return Answer(200, people.permission(call.links, user, call.repository.role_of(user)))


async def add_collaborator(call: Call) -> Answer:
    call.need("admin", "administration")
    role = ROLE_OF_PERMISSION.get(fields.text(call.fields, "permission") or "push")
    if role is None:
        raise invalid("Repository", "permission", "invalid")
    call.repository.roles[named_user(call).login.lower()] = role
    return nothing()


async def remove_collaborator(call: Call) -> Answer:
    call.need("admin", "administration")
    call.repository.roles.pop(call.params["login"].lower(), None)
    return nothing()


async def empty_list(call: Call) -> Answer:
    """Milestones, teams, topics: families that nothing here needs, present and empty."""
    return Answer(200, [])


async def languages(call: Call) -> Answer:
    return Answer(200, {})


top = [
    Route("GET", "/user/repos", mine),
    Route("GET", "/users/{login}/repos", of_owner),
    Route("GET", "/orgs/{login}/repos", of_owner),
    Route("GET", "/installation/repositories", of_installation),
]
routes = [
    Route("GET", "", read),
    Route("PATCH", "", edit, when_archived=True),
    Route("GET", "/collaborators", collaborators),
    Route("GET", "/collaborators/{login}", is_collaborator),
    Route("PUT", "/collaborators/{login}", add_collaborator),
    Route("DELETE", "/collaborators/{login}", remove_collaborator),
    Route("GET", "/collaborators/{login}/permission", permission),
    Route("GET", "/milestones", empty_list),
    Route("GET", "/teams", empty_list),
    Route("GET", "/languages", languages),
]
