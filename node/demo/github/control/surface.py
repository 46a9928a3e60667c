"""The control surface as an ASGI application: JSON in, JSON out, no token, never recorded, never limited."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as StarletteRoute

from node.demo.github.control import actions, faults, issues, people, repositories
from node.demo.github.control.ask import Ask
from node.demo.github.model.world import World, stamp
from node.demo.github.wire.fields import mapping
from node.demo.github.wire.limits import DEFAULTS
from node.demo.github.wire.links import Links
from node.demo.github.wire.problem import Problem

FOLDER = "/_control"
Handler = Callable[[Ask], Awaitable[Any]]


async def requests(ask: Ask) -> Any:
    return ask.world.records.listed()


async def forget_requests(ask: Ask) -> Any:
    ask.world.records.kept.clear()
    return {"cleared": True}


async def move_clock(ask: Ask) -> Any:
    """{advance: seconds}: the stand-in's time jumps ahead, for good."""
    ask.world.offset += float(ask.body.get("advance", 0))
    return {"now": ask.now, "time": stamp(ask.now), "offset": ask.world.offset}


async def set_limits(ask: Ask) -> Any:
    """{strict: [core, search, graphql, content], limits: {core: 100}, search_lag: seconds}; use so far is forgotten."""
    world = ask.world
    strict = ask.body.get("strict", sorted(world.limits.strict))
    world.limits.strict = {*DEFAULTS, "content"} if strict is True else set(strict or [])
    world.limits.overrides |= {str(name): int(value) for name, value in dict(ask.body.get("limits") or {}).items()}
    world.search_lag = float(ask.body.get("search_lag", world.search_lag))
    world.limits.restart()
    return {"strict": sorted(world.limits.strict), "limits": world.limits.overrides, "search_lag": world.search_lag}


async def dispatches(ask: Ask) -> Any:
    return ask.repository.dispatches


HANDLERS: list[tuple[str, str, Handler]] = [
    ("GET", "/faults", faults.listed),
    ("POST", "/faults", faults.add),
    ("DELETE", "/faults", faults.clear),
    ("DELETE", "/faults/{id}", faults.clear),
    ("GET", "/requests", requests),
    ("DELETE", "/requests", forget_requests),
    ("GET", "/issues", issues.listed),
    ("POST", "/issues", issues.act),
    ("POST", "/runs", actions.plant),
    ("PATCH", "/runs/{run_id:int}", actions.edit),
    ("POST", "/checks", actions.add_check),
    ("POST", "/statuses", actions.add_status),
    ("GET", "/dispatches", dispatches),
    ("POST", "/tokens", people.add_token),
    ("DELETE", "/tokens", people.revoke_token),
    ("POST", "/apps", people.add_app),
    ("POST", "/collaborators", people.set_collaborator),
    ("GET", "/repositories", repositories.listed),
    ("POST", "/repositories", repositories.create),
    ("PATCH", "/repositories/{owner}/{name}", repositories.edit),
    ("POST", "/commits", repositories.commit),
    ("POST", "/clock", move_clock),
    ("POST", "/limits", set_limits),
]


def body_of(data: bytes) -> dict[str, Any]:
    try:
        body: Any = json.loads(data) if data.strip() else {}
    except ValueError as error:
        raise Problem(400, "Problems parsing JSON") from error
    return mapping(body)


def endpoint(world: World, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        links = Links(f"http://{request.headers.get('host', '')}")
        try:
            body = {**dict(request.query_params), **body_of(await request.body())}
            data = await handler(Ask(world, body, request.path_params, links))
        except Problem as problem:
            return JSONResponse(problem.body(), problem.status)
        return JSONResponse(data, 201 if request.method == "POST" else 200)

    return answer


def routes(world: World) -> list[BaseRoute]:
    return [
        StarletteRoute(FOLDER + path, endpoint(world, handler), methods=[method]) for method, path, handler in HANDLERS
    ]
