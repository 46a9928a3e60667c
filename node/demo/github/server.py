"""Starting and stopping the stand-in.

    async with serve() as standin:
        standin.url, standin.token, standin.repository ...

The sockets are bound before the server starts, so the port is known at once; a second one serves logs, because they
must live on another origin than the API. Leaving the block closes the server and everything it still had to send, and
removes the git repositories unless a directory was given for them."""

from __future__ import annotations

import logging
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio import (
    serve as hypercorn_serve,  # pyright: ignore[reportUnknownVariableType] -- it leaves type arguments of WSGI out
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from node.demo.github.api import logs
from node.demo.github.control import surface
from node.demo.github.control.founding import found_repository
from node.demo.github.model.repositories import Repository
from node.demo.github.model.tokens import all_areas
from node.demo.github.model.world import World
from node.demo.github.routes import ALL
from node.demo.github.wire.gate import Gate
from node.demo.github.wire.limits import DEFAULTS

BACKLOG = 100  # connections that wait to be accepted
CLOSING = 1.0  # seconds that open requests get when the server stops
BOT, READER, HUMAN = "fleet-bot", "reader", "alice"


@dataclass(frozen=True)
class Options:
    """How a stand-in starts."""

    port: int = 0  # 0: any free one
    host: str = "127.0.0.1"
    repository: str = "acme/shop"
    public: bool = False
    directory: Path | None = None  # of the bare repositories; None: a temporary one, removed at the end
    strict_limits: bool = False  # rate limits refuse, as on GitHub; else they are only counted
    search_lag: float = 2.0  # seconds
    clock: Callable[[], float] = time.time


@dataclass(frozen=True)
class StandIn:
    """The facts a client needs; `world` is for tests in the same process."""

    url: str
    token: str = field(repr=False)
    readonly_token: str = field(repr=False)
    repository: str
    control: str
    world: World = field(repr=False)

    def facts(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("url", "token", "readonly_token", "repository", "control")}


def bound(host: str, port: int) -> socket.socket:
    """A socket that nobody listens on yet. Raises OSError when the port is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def application(world: World) -> Starlette:
    async def log(request: Request) -> Response:
        return await logs.serve(world, request)

    stored = Route(logs.FOLDER + "{name}", log)
    return Starlette(routes=[*surface.routes(world), stored, Mount("/", app=Gate(world, ALL))])


def configuration(sockets: list[socket.socket]) -> Config:
    config = Config()
    # The server takes the descriptors over and closes them.
    config.bind = [f"fd://{each.detach()}" for each in sockets]
    config.backlog = BACKLOG
    config.graceful_timeout = CLOSING
    config.shutdown_timeout = CLOSING
    config.loglevel = "WARNING"
    config.include_date_header = False  # answers bear the stand-in's own time
    return config


async def people(world: World, repository: Repository) -> tuple[str, str]:
    """The usual accounts: the fleet's token and one that may only read; a person who writes, one who triages."""
    roles = {BOT: "admin", READER: "read", HUMAN: "write", "trent": "triage"}
    for login, role in roles.items():
        repository.roles[world.user(login).login.lower()] = role
    token = world.new_token(world.user(BOT))
    readonly = world.new_token(world.user(READER), "fine-grained", all_areas("read"))
    return token.value, readonly.value


async def isolated(task: Callable[..., Any], *arguments: Any) -> None:
    """A background task that fails is logged; it does not take the server with it."""
    try:
        await task(*arguments)
    except Exception:
        logging.getLogger(__name__).exception("a background task of the GitHub stand-in failed")


@asynccontextmanager
async def serve(options: Options | None = None) -> AsyncGenerator[StandIn]:
    """A running stand-in. Raises OSError when the port is taken."""
    chosen = options or Options()
    sockets = [bound(chosen.host, chosen.port), bound(chosen.host, 0)]
    port, storage_port = (each.getsockname()[1] for each in sockets)
    url = f"http://{chosen.host}:{port}"
    home = nullcontext(chosen.directory) if chosen.directory else tempfile.TemporaryDirectory(prefix="github-stand-in-")
    with home as directory:
        async with trio.open_nursery() as nursery:
            world = World(lambda task, *rest: nursery.start_soon(isolated, task, *rest), Path(directory or "."), url)
            world.clock, world.search_lag, world.storage_port = chosen.clock, chosen.search_lag, storage_port
            world.limits.strict = {*DEFAULTS, "content"} if chosen.strict_limits else set()
            founded = await found_repository(world, chosen.repository, private=not chosen.public)
            token, readonly = await people(world, founded)
            stop = trio.Event()
            config = configuration(sockets)
            # Starlette is an ASGI application; hypercorn's own types for those are narrower.
            app: Any = application(world)
            await nursery.start(partial(hypercorn_serve, app, config, shutdown_trigger=stop.wait))
            try:
                yield StandIn(url, token, readonly, founded.full_name, url + surface.FOLDER, world)
            finally:
                stop.set()
                nursery.cancel_scope.deadline = trio.current_time() + 2 * CLOSING
