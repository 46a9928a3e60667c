"""Commit statuses and check runs. Check runs are made by apps only."""

from __future__ import annotations

from node.demo.github.git import commits
from node.demo.github.model.actions import CheckRun, Status
from node.demo.github.view import checks as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, invalid, not_found
from node.demo.github.wire.routing import Route

STATES = ("error", "failure", "pending", "success")
CHECK_STATES = ("queued", "in_progress", "completed")


async def the_sha(call: Call) -> str:
    sha = await commits.resolve(call.repository.git, call.params["ref"])
    if sha is None:
        raise Problem(422, f"No commit found for SHA: {call.params['ref']}")
    return sha


async def combined(call: Call) -> Answer:
    return Answer(200, view.combined(call.links, call.repository, await the_sha(call)))


async def statuses(call: Call) -> Answer:
    sha = await the_sha(call)
    found = [each for each in reversed(call.repository.statuses) if each.sha == sha]
    return call.many(found, lambda each: view.status(call.links, call.repository, each))


async def create_status(call: Call) -> Answer:
    call.need("write", "statuses")
    sha, body = await the_sha(call), call.fields
    state, context = fields.needed(body, "state"), fields.text(body, "context") or "default"
    if state not in STATES:
        raise invalid("Status", "state", "invalid")
    description, target = fields.text(body, "description"), fields.text(body, "target_url")
    status = Status(call.world.new_id(), sha, state, context, description, target, call.user, call.now)
    call.repository.statuses.append(status)
    return created(view.status(call.links, call.repository, status))


async def check_runs(call: Call) -> Answer:
    sha, query = await the_sha(call), call.query
    found = [
        each
        for each in call.repository.check_runs.values()
        if each.sha == sha
        and query.get("check_name") in (None, each.name)
        and query.get("status") in (None, each.status)
    ]
    if query.get("filter", "latest") == "latest":
        found = list({each.name: each for each in found}.values())
    return call.counted("check_runs", found, lambda each: view.check_run(call.links, call.repository, each))


async def check_suites(call: Call) -> Answer:
    await the_sha(call)
    return Answer(200, {"total_count": 0, "check_suites": []})


def need_app(call: Call) -> None:
    if not call.installation:
        raise Problem(403, "You must authenticate via a GitHub App.")
    call.need("write", "checks")


async def create_check_run(call: Call) -> Answer:
    need_app(call)
    body, run_id = call.fields, call.world.new_id()
    name, sha = fields.needed(body, "name"), fields.needed(body, "head_sha")
    if await commits.read_commit(call.repository.git, sha) is None:
        raise Problem(422, f"No commit found for SHA: {sha}")
    run = CheckRun(run_id, sha, name, "queued", None, call.now, None, {})
    fill(call, run)
    call.repository.check_runs[run_id] = run
    return created(view.check_run(call.links, call.repository, run))


def fill(call: Call, run: CheckRun) -> None:
    """Status, conclusion and output; a conclusion completes the run."""
    body = call.fields
    conclusion = fields.text(body, "conclusion")
    status = "completed" if conclusion else fields.text(body, "status") or run.status
    if status not in CHECK_STATES:
        raise invalid("CheckRun", "status", "invalid")
    run.status, run.conclusion = status, conclusion or run.conclusion
    run.completed_at = call.now if status == "completed" else None
    run.output = fields.mapping(body.get("output")) or run.output
    run.details_url = fields.text(body, "details_url") or run.details_url


def the_run(call: Call) -> CheckRun:
    run = call.repository.check_runs.get(call.params["run_id"])
    if run is None:
        raise not_found()
    return run


async def read_check_run(call: Call) -> Answer:
    return Answer(200, view.check_run(call.links, call.repository, the_run(call)))


async def edit_check_run(call: Call) -> Answer:
    need_app(call)
    run = the_run(call)
    fill(call, run)
    return Answer(200, view.check_run(call.links, call.repository, run))


routes = [
    Route("GET", "/commits/{ref:path}/status", combined),
    Route("GET", "/commits/{ref:path}/statuses", statuses),
    Route("GET", "/commits/{ref:path}/check-runs", check_runs),
    Route("GET", "/commits/{ref:path}/check-suites", check_suites),
    Route("POST", "/statuses/{ref}", create_status),
    Route("GET", "/statuses/{ref:path}", statuses),
    Route("POST", "/check-runs", create_check_run),
    Route("GET", "/check-runs/{run_id:int}", read_check_run),
    Route("PATCH", "/check-runs/{run_id:int}", edit_check_run),
]
