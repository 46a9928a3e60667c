"""Logs: a redirect to another origin, valid for a minute.

That origin knows nothing of API tokens and refuses a request that brings one, as the storage behind GitHub does: a
client that carries its Authorization header across the redirect is caught here."""

from __future__ import annotations

import io
import secrets
import zipfile
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from node.demo.github.api.actions import the_job, the_run
from node.demo.github.model.actions import Run
from node.demo.github.model.world import LOG_LIFE, LogTicket, World
from node.demo.github.wire.answer import Answer
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import DOCUMENTATION, Problem, not_found
from node.demo.github.wire.routing import Route

FOLDER = "/_logs/"


def ticket(call: Call, content: bytes, content_type: str) -> Answer:
    """302 to where the content waits."""
    switch = call.world.switches.look("LOG-01", call.method, call.path)
    life = switch.seconds if switch is not None and switch.seconds is not None else LOG_LIFE
    name = secrets.token_urlsafe(24)
    forget_expired(call.world, call.now)
    call.world.log_tickets[name] = LogTicket(call.now + life, content, content_type)
    host = urlsplit(call.links.origin).hostname or "127.0.0.1"
    return Answer(302, None, {"Location": f"http://{host}:{call.world.storage_port}{FOLDER}{name}"}, content=b"")


def forget_expired(world: World, now: float) -> None:
    """Long-expired tickets go; those of the last hour stay, to be refused with the right words."""
    world.log_tickets = {name: each for name, each in world.log_tickets.items() if each.until > now - 3600}


async def job_log(call: Call) -> Answer:
    run, job = the_job(call)
    if run.logs_gone:
        raise Problem(410, "Server Error: the logs have expired")
    if job.status != "completed":
        raise not_found()
    return ticket(call, job.log.encode(), "text/plain; charset=utf-8")


def archive(run: Run, attempt: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for place, job in enumerate(run.jobs_of(attempt)):
            packed.writestr(f"{place}_{job.name.replace('/', '_')}.txt", job.log)
    return buffer.getvalue()


async def run_logs(call: Call) -> Answer:
    run = the_run(call)
    attempt = call.params.get("attempt", run.attempt)
    if run.logs_gone:
        raise Problem(410, "Server Error: the logs have expired")
    if not run.jobs_of(attempt):
        raise not_found()
    return ticket(call, archive(run, attempt), "application/zip")


def refusal(world: World, request: Request) -> str | None:
    found = world.log_tickets.get(request.path_params["name"])
    if "authorization" in request.headers:
        return "Server failed to authenticate the request: no Authorization header of the API belongs here."
    if found is None:
        return "The specified log does not exist."
    return None if world.now() < found.until else "The signature of this address has expired."


async def serve(world: World, request: Request) -> Response:
    """What the storage answers."""
    complaint = refusal(world, request)
    if complaint is not None:
        return JSONResponse({"message": complaint, "documentation_url": DOCUMENTATION}, 403)
    found = world.log_tickets[request.path_params["name"]]
    return Response(found.content, 200, {"Content-Type": found.content_type})


routes = [
    Route("GET", "/actions/jobs/{job_id:int}/logs", job_log),
    Route("GET", "/actions/runs/{run_id:int}/logs", run_logs),
    Route("GET", "/actions/runs/{run_id:int}/attempts/{attempt:int}/logs", run_logs),
]
