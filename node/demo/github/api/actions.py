"""Workflow runs and their jobs, reruns, dispatches."""

from __future__ import annotations

import json

from node.demo.github.acts import actions, hooks
from node.demo.github.api.ranges import created_range
from node.demo.github.model.actions import Job, Run
from node.demo.github.view import actions as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import NEW_VERSION, Answer, nothing
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, malformed, not_found
from node.demo.github.wire.routing import Route

MAX_FILTERED = 1_000  # runs that a filtered list shows
MAX_EVENT_TYPE = 100  # characters
MAX_PAYLOAD_KEYS = 10
MAX_PAYLOAD = 65_535  # characters of JSON


def meets(call: Call, run: Run) -> bool:
    query, created = call.query, call.query.get("created")
    return (
        query.get("status") in (None, "", run.status, run.conclusion)
        and query.get("branch") in (None, "", run.branch)
        and query.get("event") in (None, "", run.event)
        and query.get("head_sha") in (None, "", run.sha)
        and query.get("actor", run.actor.login).lower() == run.actor.login.lower()
        and (not created or created_range(created)(run.created_at))
    )


async def list_runs(call: Call) -> Answer:
    """`status` accepts a status or a conclusion. Newest first; any filter ends after 1,000 runs."""
    workflow = call.params.get("workflow")
    found = [run for run in call.repository.runs.values() if meets(call, run)]
    if workflow is not None:
        found = [run for run in found if workflow in (str(run.workflow.id), run.workflow.path.rpartition("/")[2])]
    found.sort(key=lambda run: (int(run.created_at), run.id), reverse=True)
    shown = found[:MAX_FILTERED] if set(call.query) - {"page", "per_page"} else found
    return call.counted("workflow_runs", shown, lambda run: view.run(call.links, call.repository, run), len(found))


def the_run(call: Call) -> Run:
    run = call.repository.runs.get(call.params["run_id"])
    if run is None:
        raise not_found()
    return run


async def read_run(call: Call) -> Answer:
    return Answer(200, view.run(call.links, call.repository, the_run(call)))


async def read_attempt(call: Call) -> Answer:
    """The present attempt as it is; an earlier one as what its jobs came to."""
    run, attempt = the_run(call), call.params["attempt"]
    if not 1 <= attempt <= run.attempt:
        raise not_found()
    shown = view.run(call.links, call.repository, run)
    if attempt < run.attempt:
        good = all(job.conclusion == "success" for job in run.jobs_of(attempt))
        shown |= {"run_attempt": attempt, "status": "completed", "conclusion": "success" if good else "failure"}
    return Answer(200, shown)


async def artifacts(call: Call) -> Answer:
    the_run(call)
    return Answer(200, {"total_count": 0, "artifacts": []})


async def delete_run(call: Call) -> Answer:
    call.need("write", "actions")
    del call.repository.runs[the_run(call).id]
    return nothing()


async def jobs(call: Call) -> Answer:
    run = the_run(call)
    everything = call.query.get("filter") == "all"
    found = run.jobs if everything else run.jobs_of(call.params.get("attempt", run.attempt))
    return call.counted("jobs", found, lambda job: view.job(call.links, call.repository, run, job))


def the_job(call: Call) -> tuple[Run, Job]:
    pairs = ((run, job) for run in call.repository.runs.values() for job in run.jobs)
    found = next((pair for pair in pairs if pair[1].id == call.params["job_id"]), None)
    if found is None:
        raise not_found()
    return found


async def read_job(call: Call) -> Answer:
    return Answer(200, view.job(call.links, call.repository, *the_job(call)))


async def rerun(call: Call) -> Answer:
    call.need("write", "actions")
    failed_only = call.path.endswith("/rerun-failed-jobs")
    actions.rerun(call.world, call.repository, the_run(call), call.user, call.now, failed_only)
    return Answer(201, {})


async def cancel(call: Call) -> Answer:
    call.need("write", "actions")
    run = the_run(call)
    if run.status == "completed":
        raise Problem(409, "Cannot cancel a workflow run that is completed.")
    actions.finish(call.world, call.repository, run, call.now, "cancelled", {})
    return Answer(202, {})


async def workflows(call: Call) -> Answer:
    found = list(call.repository.workflows.values())
    return call.counted("workflows", found, lambda each: view.workflow(call.links, call.repository, each))


async def read_workflow(call: Call) -> Answer:
    wanted = call.params["workflow"]
    for each in call.repository.workflows.values():
        if wanted in (str(each.id), each.path.rpartition("/")[2]):
            return Answer(200, view.workflow(call.links, call.repository, each))
    raise not_found()


async def dispatch_repository(call: Call) -> Answer:
    """204 and no word of what it started."""
    call.need("write", "contents")
    kind, payload = fields.needed(call.fields, "event_type"), fields.mapping(call.fields.get("client_payload"))
    if not kind.strip() or len(kind) > MAX_EVENT_TYPE:
        raise malformed(f"For 'properties/event_type', it must have 1 to {MAX_EVENT_TYPE} characters.")
    if len(payload) > MAX_PAYLOAD_KEYS:
        raise malformed(f"No more than {MAX_PAYLOAD_KEYS} properties are allowed; {len(payload)} were supplied.")
    if len(json.dumps(payload)) > MAX_PAYLOAD:
        raise malformed("client_payload is too large.")
    call.repository.dispatches.append({"event_type": kind, "client_payload": payload, "at": call.now})
    parts = {"action": kind, "branch": call.repository.default_branch, "client_payload": payload}
    hooks.announce(call.world, call.repository, "repository_dispatch", call.user, **parts)
    return nothing()


async def dispatch_workflow(call: Call) -> Answer:
    """Starts a run. The newer API version, or `return_run_details`, says which."""
    call.need("write", "actions")
    ref = fields.needed(call.fields, "ref").removeprefix("refs/heads/")
    wanted = call.params["workflow"]
    pairs = ((each, each.path.rpartition("/")[2]) for each in call.repository.workflows.values())
    workflow = next((each for each, name in pairs if wanted in (str(each.id), name)), None)
    head = await call.repository.git.ref(f"refs/heads/{ref}")
    if workflow is None:
        raise not_found()
    if head is None:
        raise Problem(422, f"No ref found for: {ref}")
    number = len(call.repository.runs) + 1
    run = Run(call.world.new_id(), number, workflow, "workflow_dispatch", ref, head.sha, workflow.name, call.user,
              call.now, call.now, "queued", None)  # fmt: skip
    call.repository.runs[run.id] = run
    if call.version != NEW_VERSION and not fields.flag(call.fields, "return_run_details", False):
        return nothing()
    shown = view.run(call.links, call.repository, run)
    return Answer(200, {"workflow_run_id": run.id, "run_url": shown["url"], "html_url": shown["html_url"]})


routes = [
    Route("GET", "/actions/runs", list_runs),
    Route("GET", "/actions/runs/{run_id:int}", read_run),
    Route("DELETE", "/actions/runs/{run_id:int}", delete_run),
    Route("GET", "/actions/runs/{run_id:int}/jobs", jobs),
    Route("GET", "/actions/runs/{run_id:int}/artifacts", artifacts),
    Route("GET", "/actions/runs/{run_id:int}/attempts/{attempt:int}", read_attempt),
    Route("GET", "/actions/runs/{run_id:int}/attempts/{attempt:int}/jobs", jobs),
    Route("POST", "/actions/runs/{run_id:int}/rerun", rerun),
    Route("POST", "/actions/runs/{run_id:int}/rerun-failed-jobs", rerun),
    Route("POST", "/actions/runs/{run_id:int}/cancel", cancel),
    Route("GET", "/actions/jobs/{job_id:int}", read_job),
    Route("GET", "/actions/workflows", workflows),
    Route("GET", "/actions/workflows/{workflow}", read_workflow),
    Route("GET", "/actions/workflows/{workflow}/runs", list_runs),
    Route("POST", "/actions/workflows/{workflow}/dispatches", dispatch_workflow),
    Route("POST", "/dispatches", dispatch_repository),
]
