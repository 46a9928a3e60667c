"""Webhooks: signed, in the background, once.

A delivery that nobody answers is noted and not sent again, unless someone asks for that delivery by number. Only
loopback addresses are ever called: the stand-in talks to nothing outside of its machine."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import Any
from urllib.parse import urlsplit

import httpx

from node.demo.github.model.hooks import Delivery, Hook
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import User
from node.demo.github.model.world import World
from node.demo.github.view import people
from node.demo.github.view import repository as repository_view
from node.demo.github.wire.links import Links
from node.demo.github.wire.problem import invalid

DEADLINE = 10.0  # seconds, as GitHub waits
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname not in LOOPBACK:
        raise invalid("Hook", "url", "custom", "url must be a loopback address: the stand-in calls nothing else")


def announce(world: World, repository: Repository, event: str, actor: User, **parts: Any) -> None:
    """Tell every hook that asked for this event. `parts` is what the payload holds besides repository and sender."""
    if not repository.hooks:
        return
    links = Links(world.origin)
    about = {
        "repository": repository_view.full(links, repository, "read"),
        "sender": people.user(links, actor),
    }
    for hook in list(repository.hooks.values()):
        if hook.active and (event in hook.events or "*" in hook.events or event == "ping"):
            world.spawn(deliver, world, hook, event, parts | about)


async def deliver(world: World, hook: Hook, event: str, payload: dict[str, Any], again: Delivery | None = None) -> None:
    """Send one delivery and note how it went. A redelivery keeps its GUID."""
    guid = again.guid if again else str(uuid.uuid4())
    body = json.dumps(payload).encode()
    switch = world.switches.look("HOK-01", "POST", hook.url)
    failing = switch is not None and bool(switch.options.get("fail"))
    status = 0 if failing else await _post(hook, body, headers(hook, event, guid, body))
    note = Delivery(world.new_id(), guid, event, payload.get("action"), world.now(), again is not None, status, payload)
    hook.deliveries.append(note)


def headers(hook: Hook, event: str, guid: str, body: bytes) -> dict[str, str]:
    values = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/stand-in",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid,
        "X-GitHub-Hook-ID": str(hook.id),
    }
    if hook.secret:
        digest = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
        values["X-Hub-Signature-256"] = f"sha256={digest}"
    return values


async def _post(hook: Hook, body: bytes, values: dict[str, str]) -> int:
    try:
        async with httpx.AsyncClient(timeout=DEADLINE, trust_env=False) as client:
            return (await client.post(hook.url, content=body, headers=values)).status_code
    except httpx.HTTPError:
        return 0
