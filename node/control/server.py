"""The control server: HTTP with JSON over a Unix socket that this node has bound.

Every answer is one struct of `view.py` as JSON; every failure is `{"error": text}` with a status that says whose fault
it is: 400 the request's, 404 nothing of that name, 409 the configuration's, 507 the disk's, 500 ours. A failure of one
request is logged and ends there.
"""

import json
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import NamedTuple, cast

import msgspec
import structlog
import trio
from hypercorn.config import Config as ServerConfig
from hypercorn.trio import serve as hypercorn_serve  # pyright: ignore[reportUnknownVariableType]  # see Serve
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from aggregator.brief import brief
from aggregator.fleetkey import Keys
from aggregator.unreadable import UNREADABLE
from node.book import BookFull
from node.config import ConfigError
from node.control import answers, kept, planned, roll
from node.control.changes import BadRequest, Decision, Unknown, decide
from node.control.hangup import notice_hangups
from node.control.metrics import CONTENT_TYPE, exposition
from node.control.view import View
from node.fleet import FleetError
from node.sockets import BACKLOG
from node.store import StoreError

BODY_BYTES = 64 * 1024  # of a request; a decision is far smaller
GRACE = 2.0  # seconds that open requests get at the end
NOTES = "Error-Aggregator-Notes"  # header: a JSON list of lines about where an answer is from

Handler = Callable[[View, Request], Awaitable[object]]
_log = structlog.get_logger("control")


def application(view: View) -> Starlette:
    """The routes, in the order of the command line's verbs."""
    routes: list[tuple[str, str, Handler]] = [
        ("GET", "/v1/status", _status),
        ("GET", "/v1/errors", _errors),
        ("GET", "/v1/errors/{name}", _show),
        ("GET", "/v1/errors/{name}/preview", _preview),
        ("GET", "/v1/bundles", _bundles),
        ("POST", "/v1/bundle", _bundle),
        ("GET", "/v1/issues", _issues),
        ("GET", "/v1/stats", _stats),
        ("POST", "/v1/decisions", _decide),
        ("POST", "/v1/reload", _reload),
        ("POST", "/v1/doctor", _doctor),
        ("GET", "/v1/notify", _notified),
        ("POST", "/v1/notify", _notify),
        ("GET", "/v1/peers", _peers),
        ("GET", "/v1/leader", _leader),
        ("POST", "/v1/bans", _ban),
        ("POST", "/v1/keys", _renew),
    ]
    made = [Route(path, _endpoint(view, run), methods=[method]) for method, path, run in routes]
    return Starlette(routes=[*made, _metrics(view)])


def metrics_only(view: View) -> Starlette:
    """What is served over TCP: numbers, and nothing that decides."""
    return Starlette(routes=[_metrics(view)])


Serve = Callable[..., Awaitable[None]]  # hypercorn's own type leaves parts unknown


async def serve(
    listening: socket.socket,
    view: View,
    made: Callable[[View], Starlette] = application,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer on `listening`, which stays the caller's, until cancelled. `made`: `application` or `metrics_only`."""
    config = ServerConfig()
    config.bind = [f"fd://{os.dup(listening.fileno())}"]  # hypercorn closes what it was given
    config.backlog = BACKLOG  # or hypercorn sets its own, which is smaller
    config.graceful_timeout = GRACE
    config.accesslog = None
    config.errorlog = None
    notice_hangups()
    async with trio.open_nursery() as nursery:
        run = cast("Serve", hypercorn_serve)
        await nursery.start(run, made(view), config)
        task_status.started()


def _endpoint(view: View, run: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            value = await run(view, request)
            return _noted(value) if isinstance(value, Noted) else _json(value)
        except Unknown as error:
            return _json({"error": brief(error)}, 404)
        except (BadRequest, *UNREADABLE) as error:
            return _json({"error": brief(error)}, 400)
        except (BookFull, ConfigError, FleetError) as error:
            return _json({"error": str(error)}, 409)
        except StoreError as error:
            return _json({"error": str(error)}, 507)
        except ClientDisconnect:
            _log.debug("request not finished", place=request.url.path)
            return _json({"error": "the request has no end"}, 400)  # which nobody may hear
        except Exception as error:  # one request must not end the others
            _log.error("request failed", reason=type(error).__name__, place=request.url.path, exc_info=True)
            return _json({"error": f"the node failed to answer ({type(error).__name__}): see its log"}, 500)

    return endpoint


def _metrics(view: View) -> Route:
    async def endpoint(_request: Request) -> Response:
        try:
            return Response(exposition(await view.measured()), media_type=CONTENT_TYPE)
        except Exception as error:  # as above
            _log.error("request failed", reason=type(error).__name__, place="/metrics", exc_info=True)
            return _json({"error": f"the node failed to answer ({type(error).__name__}): see its log"}, 500)

    return Route("/metrics", endpoint)


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


class Noted(NamedTuple):
    """An answer, and lines about where it is from."""

    value: object
    notes: Sequence[str]


def _noted(noted: Noted) -> Response:
    """The lines stand in a header, so that the answer stays what it was."""
    response = _json(noted.value)
    if noted.notes:
        response.headers[NOTES] = json.dumps(noted.notes)  # in ASCII, as a header has to be
    return response


async def _status(view: View, _request: Request) -> object:
    return answers.status(view)


async def _errors(view: View, _request: Request) -> object:
    return Noted(*await kept.errors(view))


async def _show(view: View, request: Request) -> object:
    told = await kept.detail(view, request.path_params["name"])
    if not told.rows:
        raise Unknown(f"{request.path_params['name']} names no error, or several")
    return Noted(told.rows[0], told.notes)


async def _preview(view: View, request: Request) -> object:
    return await planned.preview(view, request.path_params["name"])


async def _bundles(view: View, _request: Request) -> object:
    return Noted(*await kept.bundles(view))


async def _bundle(view: View, request: Request) -> object:
    if request.query_params.get("dry_run"):
        return await planned.dry_run(view)
    return await view.bundle()


async def _issues(view: View, _request: Request) -> object:
    return Noted(*await kept.issues(view))


async def _stats(view: View, _request: Request) -> object:
    return answers.stats(view, await view.actions())


async def _decide(view: View, request: Request) -> object:
    return await decide(view, msgspec.json.decode(await _body(request), type=Decision))


async def _peers(view: View, _request: Request) -> object:
    return roll.peers(view)


async def _leader(view: View, _request: Request) -> object:
    return roll.leading(view)


async def _ban(view: View, request: Request) -> object:
    return await roll.ban(view, msgspec.json.decode(await _body(request), type=roll.Ban))


async def _renew(view: View, request: Request) -> object:
    return await roll.renew(view, msgspec.json.decode(await _body(request), type=Keys))


async def _reload(view: View, _request: Request) -> object:
    return await view.reload()


async def _doctor(view: View, request: Request) -> object:
    return await view.doctor(bool(request.query_params.get("offline")))


async def _notified(view: View, _request: Request) -> object:
    return view.notifying.state()


async def _notify(view: View, _request: Request) -> object:
    await view.notifying.test()
    return view.notifying.state()


async def _body(request: Request) -> bytes:
    data = bytearray()
    async with aclosing(request.stream()) as stream:
        async for chunk in stream:
            data += chunk
            if len(data) > BODY_BYTES:
                raise BadRequest(f"the request has more than {BODY_BYTES} bytes")
    return bytes(data)
