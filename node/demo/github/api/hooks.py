"""Webhooks of a repository, their deliveries, and sending one again because someone asked."""

from __future__ import annotations

from typing import Any

from node.demo.github.acts import hooks as acts
from node.demo.github.model.hooks import Delivery, Hook
from node.demo.github.model.world import stamp
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created, nothing
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import invalid, malformed, not_found
from node.demo.github.wire.routing import Route


def shown(call: Call, hook: Hook) -> dict[str, Any]:
    """Never the secret itself."""
    own = f"{call.links.repository(call.repository.full_name)}/hooks/{hook.id}"
    config = {"url": hook.url, "content_type": "json", "insecure_ssl": "0"}
    last = hook.deliveries[-1].status_code if hook.deliveries else None
    return {
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": config | ({"secret": "********"} if hook.secret else {}),
        "updated_at": stamp(hook.updated_at),
        "created_at": stamp(hook.created_at),
        "url": own,
        "test_url": f"{own}/test",
        "ping_url": f"{own}/pings",
        "deliveries_url": f"{own}/deliveries",
        "last_response": {"code": last, "status": "unused" if last is None else "active", "message": None},
    }


def delivery(value: Delivery) -> dict[str, Any]:
    return {
        "id": value.id,
        "guid": value.guid,
        "delivered_at": stamp(value.at),
        "redelivery": value.redelivery,
        "duration": 0.01,
        "status": "OK" if 200 <= value.status_code < 300 else "failed to connect to host",
        "status_code": value.status_code,
        "event": value.event,
        "action": value.action,
        "installation_id": None,
        "repository_id": None,
    }


def the_hook(call: Call) -> Hook:
    call.need("admin", "webhooks")
    hook = call.repository.hooks.get(call.params["hook_id"])
    if hook is None:
        raise not_found()
    return hook


async def list_hooks(call: Call) -> Answer:
    call.need("admin", "webhooks")
    return call.many(list(call.repository.hooks.values()), lambda hook: shown(call, hook))


async def create(call: Call) -> Answer:
    call.need("admin", "webhooks")
    config = fields.mapping(call.fields.get("config"))
    url = fields.needed(config, "url")
    acts.check_url(url)
    if any(hook.url == url for hook in call.repository.hooks.values()):
        raise invalid("Hook", "config", "custom", "Hook already exists on this repository")
    events, active = fields.texts(call.fields, "events") or ["push"], fields.flag(call.fields, "active", True)
    hook = Hook(call.world.new_id(), url, events, fields.text(config, "secret"), active, call.now, call.now)
    call.repository.hooks[hook.id] = hook
    ping(call, hook)
    return created(shown(call, hook))


def ping(call: Call, hook: Hook) -> None:
    call.world.spawn(acts.deliver, call.world, hook, "ping", {"zen": "Keep it logically awesome.", "hook_id": hook.id})


async def read(call: Call) -> Answer:
    return Answer(200, shown(call, the_hook(call)))


async def edit(call: Call) -> Answer:
    hook = the_hook(call)
    config = fields.mapping(call.fields.get("config"))
    url = fields.text(config, "url") or hook.url
    acts.check_url(url)
    hook.url, hook.secret = url, fields.text(config, "secret") or hook.secret
    hook.events = fields.texts(call.fields, "events") or hook.events
    hook.active, hook.updated_at = fields.flag(call.fields, "active", hook.active), call.now
    return Answer(200, shown(call, hook))


async def delete(call: Call) -> Answer:
    del call.repository.hooks[the_hook(call).id]
    return nothing()


async def send_ping(call: Call) -> Answer:
    ping(call, the_hook(call))
    return nothing()


async def deliveries(call: Call) -> Answer:
    return call.many(list(reversed(the_hook(call).deliveries)), delivery)


def the_delivery(call: Call) -> Delivery:
    wanted = call.params["delivery_id"]
    found = next((each for each in the_hook(call).deliveries if each.id == wanted), None)
    if found is None:
        raise malformed("There is no such delivery.")
    return found


async def read_delivery(call: Call) -> Answer:
    found = the_delivery(call)
    return Answer(200, {**delivery(found), "request": {"headers": {}, "payload": found.payload}, "response": {}})


async def redeliver(call: Call) -> Answer:
    found = the_delivery(call)
    call.world.spawn(acts.deliver, call.world, the_hook(call), found.event, found.payload, found)
    return Answer(202, {})


routes = [
    Route("GET", "/hooks", list_hooks),
    Route("POST", "/hooks", create),
    Route("GET", "/hooks/{hook_id:int}", read),
    Route("PATCH", "/hooks/{hook_id:int}", edit),
    Route("DELETE", "/hooks/{hook_id:int}", delete),
    Route("POST", "/hooks/{hook_id:int}/pings", send_ping),
    Route("GET", "/hooks/{hook_id:int}/deliveries", deliveries),
    Route("GET", "/hooks/{hook_id:int}/deliveries/{delivery_id:int}", read_delivery),
    Route("POST", "/hooks/{hook_id:int}/deliveries/{delivery_id:int}/attempts", redeliver),
]
