"""Assignees of an issue, and who may be one."""

from __future__ import annotations

from node.demo.github.acts import assignees
from node.demo.github.api.lookup import the_issue
from node.demo.github.view import issue as view
from node.demo.github.view import people
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, nothing
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import not_found
from node.demo.github.wire.routing import Route

AREAS = ("issues", "pull_requests")


async def list_assignable(call: Call) -> Answer:
    return call.many(assignees.assignable(call.world, call.repository), lambda user: people.user(call.links, user))


async def check(call: Call) -> Answer:
    if assignees.find(call.world, call.repository, call.params["login"], call.installation) is None:
        raise not_found()
    return nothing()


async def add(call: Call) -> Answer:
    """Unknown people, and those without access, are ignored: the answer shows who is assigned."""
    issue = the_issue(call)
    call.need("triage", *AREAS)
    logins = fields.texts(call.fields, "assignees") or []
    users = assignees.known(call.world, call.repository, logins, call.installation)
    assignees.assign(call.world, issue, call.user, call.now, users)
    return Answer(201, view.full_issue(call.links, issue))


async def remove(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", *AREAS)
    logins = fields.texts(call.fields, "assignees") or []
    assignees.unassign(call.world, issue, call.user, call.now, logins)
    return Answer(200, view.full_issue(call.links, issue))


routes = [
    Route("GET", "/assignees", list_assignable),
    Route("GET", "/assignees/{login}", check),
    Route("POST", "/issues/{number:int}/assignees", add),
    Route("DELETE", "/issues/{number:int}/assignees", remove),
]
