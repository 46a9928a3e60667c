"""Labels of the repository, and those an issue bears."""

from __future__ import annotations

from typing import Any, cast

from node.demo.github.acts import issues, labels
from node.demo.github.api.lookup import the_issue
from node.demo.github.model.issues import Issue, Label
from node.demo.github.view import issue as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created, nothing
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import not_found
from node.demo.github.wire.routing import Route

AREAS = ("issues", "pull_requests")


def shown(call: Call, label: Label) -> dict[str, object]:
    return view.label(call.links, call.repository, label)


def the_label(call: Call) -> Label:
    label = call.repository.labels.get(call.params["name"].lower())
    if label is None:
        raise not_found()
    return label


async def list_labels(call: Call) -> Answer:
    found = sorted(call.repository.labels.values(), key=lambda label: label.name.lower())
    return call.many(found, lambda label: shown(call, label))


async def create(call: Call) -> Answer:
    call.need("write", *AREAS)
    body = call.fields
    name, color, description = fields.needed(body, "name"), fields.text(body, "color"), fields.text(body, "description")
    return created(shown(call, labels.create(call.world, call.repository, name, color, description)))


async def read(call: Call) -> Answer:
    return Answer(200, shown(call, the_label(call)))


async def edit(call: Call) -> Answer:
    call.need("write", *AREAS)
    label, body = the_label(call), call.fields
    name = fields.text(body, "new_name") or fields.text(body, "name")
    color, description = fields.text(body, "color"), fields.text(body, "description")
    labels.check(name, color, description)
    if name is not None:
        labels.rename(call.repository, label, name)
    label.color = (color or label.color).lower()
    label.description = label.description if description is None else description
    return Answer(200, shown(call, label))


async def delete(call: Call) -> Answer:
    call.need("write", *AREAS)
    labels.delete(call.repository, the_label(call))
    return nothing()


def names_in(call: Call) -> list[str]:
    """PyGithub sends the bare array, the documentation an object with `labels`."""
    body: Any = call.body
    return (
        fields.names(cast("list[Any]", body)) if isinstance(body, list) else fields.named(call.fields, "labels") or []
    )


def full_set(call: Call, issue: Issue) -> Answer:
    return Answer(200, view.labels(call.links, issue))


async def of_issue(call: Call) -> Answer:
    issue = the_issue(call)
    return call.many(issue.labels, lambda label: shown(call, label))


async def add(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", *AREAS)
    issues.add_labels(call.world, issue, call.user, call.now, names_in(call))
    return full_set(call, issue)


async def replace(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", *AREAS)
    issues.set_labels(call.world, issue, call.user, call.now, names_in(call))
    return full_set(call, issue)


async def remove(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", *AREAS)
    issues.remove_label(call.world, issue, call.user, call.now, call.params["name"])
    return full_set(call, issue)


async def clear(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", *AREAS)
    issues.set_labels(call.world, issue, call.user, call.now, [])
    return nothing()


routes = [
    Route("GET", "/labels", list_labels),
    Route("POST", "/labels", create),
    # Names may hold a slash, which arrives decoded.
    Route("GET", "/labels/{name:path}", read),
    Route("PATCH", "/labels/{name:path}", edit),
    Route("DELETE", "/labels/{name:path}", delete),
    Route("GET", "/issues/{number:int}/labels", of_issue),
    Route("POST", "/issues/{number:int}/labels", add),
    Route("PUT", "/issues/{number:int}/labels", replace),
    Route("DELETE", "/issues/{number:int}/labels", clear),
    Route("DELETE", "/issues/{number:int}/labels/{name:path}", remove),
]
