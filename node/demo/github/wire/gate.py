"""The way of one request, in order:

    record > delay > lost before? > 5xx before?
           > ( user agent > token > version > limits > body > route > repository > handler )
           > again, if doubled > 5xx after? > lost after? > answer

The part in parentheses is `act`: what GitHub does. Around it is what a bad network does; so whatever is lost after
`act` has happened, and whatever is lost before has not."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate

import trio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from node.demo.github.model.world import World
from node.demo.github.wire import drop, guard, limits
from node.demo.github.wire.answer import OLD_VERSION, VERSIONS, Answer, etag, same_etag
from node.demo.github.wire.auth import account_of, authenticate
from node.demo.github.wire.call import Call
from node.demo.github.wire.links import Links
from node.demo.github.wire.problem import Problem, not_found, unauthenticated
from node.demo.github.wire.reach import check_reach
from node.demo.github.wire.record import Record
from node.demo.github.wire.routing import Route, find

log = logging.getLogger(__name__)
NO_AGENT = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
SERVER_ERRORS = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


@dataclass(frozen=True)
class Arrival:
    method: str
    path: str
    prefix: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    origin: str
    body: bytes


def arrival_of(request: Request, body: bytes) -> Arrival:
    path, prefix = request.scope["path"], ""
    if path.startswith("/api/v3/"):
        path, prefix = path.removeprefix("/api/v3"), "/api/v3"
    elif path == "/api/graphql":
        path, prefix = "/graphql", "/api/v3"
    origin = f"http://{request.headers.get('host', '127.0.0.1')}"
    return Arrival(request.method, path, prefix, dict(request.query_params), request.headers, origin, body)


class Gate:
    """The API as an ASGI application."""

    def __init__(self, world: World, routes: Sequence[Route]) -> None:
        self.world = world
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        arrival = arrival_of(request, await request.body())
        query = str(request.url.query)
        record = self.world.records.open(self.world.now(), arrival.method, arrival.path, query, arrival.body)
        response = await self.transport(arrival, record)
        if response is None:
            drop.reset(tuple(scope["client"])[:2], tuple(scope["server"])[:2])
            return
        record.status = response.status_code
        await response(scope, receive, send)

    async def transport(self, arrival: Arrival, record: Record) -> Response | None:
        """`act`, and what the network does before and after. None: the client gets no answer."""
        record.login = self.asker(arrival)  # also of what never arrives
        slow = self._switch("SLOW", arrival, record)
        await trio.sleep(slow.seconds or 0 if slow else 0)
        before = self._switch("FLT-02", arrival, record)
        if before is not None:
            await trio.sleep(before.seconds or 0)
            return None
        broken = self._switch("FLT-03", arrival, record)
        status = int(broken.options.get("status", 502)) if broken else 0
        if broken and broken.options.get("when", "before") == "before":
            return self.server_error(arrival, status)
        response = await self.delivered(arrival, record)
        after = self._switch("FLT-01", arrival, record)
        if after is not None:
            await trio.sleep(after.seconds or 0)
            return None
        return self.server_error(arrival, status) if broken else response

    async def delivered(self, arrival: Arrival, record: Record) -> Response:
        response = await self.act(arrival, record)
        doubled = self._switch("FLT-06", arrival, record)
        if doubled is None:
            return response
        await trio.sleep(doubled.seconds or 0)
        record.deliveries = 2
        again = await self.act(arrival, record)
        return response if doubled.options.get("answer") == "first" else again

    def asker(self, arrival: Arrival) -> str | None:
        """Whose token it bears; None where it bears none that is known."""
        try:
            token = authenticate(self.world, arrival.headers.get("authorization"))
        except Problem:
            return None
        return token.user.login if token else None

    def _switch(self, identifier: str, arrival: Arrival, record: Record):
        switch = self.world.switches.take(identifier, arrival.method, arrival.path)
        if switch is not None:
            record.switch = identifier
        return switch

    async def act(self, arrival: Arrival, record: Record) -> Response:
        links = Links(arrival.origin, arrival.prefix)
        call = Call(self.world, arrival.method, arrival.path, arrival.query, arrival.headers, links, self.world.now())
        try:
            answer = await self.answer(call, arrival, record)
        except Problem as problem:
            answer = Answer(problem.status, problem.body(), problem.headers)
        except Exception:
            # The border that isolates one request: a mistake of ours is a 500 and a traceback, not a dead server.
            log.exception("%s %s failed", arrival.method, arrival.path)
            answer = Answer(500, Problem(500, "Server Error").body())
        return self.finish(call, answer)

    async def answer(self, call: Call, arrival: Arrival, record: Record) -> Answer:
        if not arrival.headers.get("user-agent"):
            raise Problem(403, NO_AGENT)
        call.token = authenticate(self.world, arrival.headers.get("authorization"))
        if call.token is not None:
            record.token = call.token.kind
        call.version = arrival.headers.get("x-github-api-version", OLD_VERSION)
        if call.version not in VERSIONS:
            raise Problem(400, f"The API version {call.version!r} is not supported. Supported: {', '.join(VERSIONS)}")
        guard.check_limits(call)
        if not arrival.headers.get("authorization") and arrival.method not in guard.READS:
            raise unauthenticated()  # an app's signed statement is no token, and asks for one by POST
        call.body = parse(arrival.body)
        return await self.handle(call)

    async def handle(self, call: Call) -> Answer:
        fitting = None if "\0" in call.path else find(self.routes, call.method, call.path)
        if fitting is None:
            raise not_found()
        route, call.params = fitting
        call.found = guard.find_repository(call, route)
        if call.found is not None:
            guard.check_state(call, route, call.found)
            check_reach(call, route.below_repository)
        return await route.handler(call)

    def server_error(self, arrival: Arrival, status: int) -> Response:
        body = json.dumps(Problem(status, SERVER_ERRORS.get(status, "Server Error")).body()).encode()
        return Response(body, status, {"Content-Type": "application/json; charset=utf-8"})

    def finish(self, call: Call, answer: Answer) -> Response:
        """Headers that every answer carries; a GET whose tag the client has becomes a 304 and is not charged."""
        version = call.version if call.version in VERSIONS else OLD_VERSION
        body = answer.body(version)
        account, resource = account_of(call.token), limits.resource_of(call.path)
        headers = {
            "X-GitHub-Request-Id": secrets.token_hex(16).upper(),
            "X-GitHub-Media-Type": "github.v3; format=json",
        }
        headers["x-github-api-version-selected"] = version
        headers["Date"] = formatdate(call.now, usegmt=True)
        if call.method in guard.READS and answer.status == 200 and call.path != "/rate_limit":
            headers["ETag"] = etag(body)
            if same_etag(call.headers.get("if-none-match", ""), headers["ETag"]):
                answer, body = Answer(304, headers=answer.headers), b""
                self.world.limits.charge(account, resource, call.now, -1)
        if body:
            headers["Content-Type"] = answer.content_type
        if call.token is not None and call.token.kind == "classic":
            headers["X-OAuth-Scopes"] = "repo, workflow"
        bucket = self.world.limits.bucket(account, resource, call.now)
        return Response(body, answer.status, headers | limits.headers(bucket, resource) | answer.headers)


def parse(body: bytes) -> object:
    if not body.strip():
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise Problem(400, "Problems parsing JSON") from error
