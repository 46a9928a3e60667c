"""Workflow runs, check runs and statuses: planted, finished, or with their logs gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from node.demo.github.acts import actions
from node.demo.github.control.ask import Ask
from node.demo.github.git import commits
from node.demo.github.model.actions import CheckRun, Run, Status
from node.demo.github.model.repositories import Repository
from node.demo.github.view import actions as view
from node.demo.github.view import checks as checks_view
from node.demo.github.wire.problem import Problem


async def sha_of(ask: Ask, repository: Repository) -> str:
    name = str(ask.body.get("sha") or ask.body.get("branch") or repository.default_branch)
    sha = await commits.resolve(repository.git, name)
    if sha is None:
        raise Problem(422, f"There is no commit {name!r} in {repository.full_name}")
    return sha


def created(ask: Ask) -> float:
    given = ask.body.get("created_at")
    return ask.now if given is None else datetime.fromisoformat(str(given).replace("Z", "+00:00")).timestamp()


async def plant(ask: Ask) -> Any:
    """{workflow, path, event, branch, sha, title, conclusion, status, created_at, jobs: [{name, conclusion, steps,
    log}]}."""
    repository, at = ask.repository, created(ask)
    name = str(ask.body.get("workflow") or "CI")
    path = str(ask.body.get("path") or ".github/workflows/ci.yml")
    workflow = actions.workflow(ask.world, repository, name, path, at)
    branch, title = str(ask.body.get("branch") or repository.default_branch), str(ask.body.get("title") or name)
    event, number = str(ask.body.get("event") or "push"), len(repository.runs) + 1
    sha = await sha_of(ask, repository)
    run = Run(ask.world.new_id(), number, workflow, event, branch, sha, title, ask.person, at, at)
    run.conclusion = ask.body.get("conclusion", "failure")
    run.status = str(ask.body.get("status") or ("completed" if run.conclusion else "in_progress"))
    if run.status != "completed":
        run.conclusion = None
    actions.add_jobs(ask.world, run, ask.body.get("jobs") or [{"log": ask.body.get("log", "")}], at)
    repository.runs[run.id] = run
    actions.announce(ask.world, repository, run, "completed" if run.status == "completed" else "requested")
    return shown(ask, run)


def shown(ask: Ask, run: Run) -> dict[str, Any]:
    jobs = [view.job(ask.links, ask.repository, run, job) for job in run.jobs]
    return {**view.run(ask.links, ask.repository, run), "jobs": jobs}


async def edit(ask: Ask) -> Any:
    """{conclusion, logs: {job: text}} finishes the present attempt; {logs_gone: true} lets retention pass."""
    run = ask.repository.runs.get(ask.params["run_id"])
    if run is None:
        raise Problem(404, f"There is no run {ask.params['run_id']}")
    run.logs_gone = bool(ask.body.get("logs_gone", run.logs_gone))
    if ask.body.get("conclusion"):
        logs = {str(name): str(text) for name, text in dict(ask.body.get("logs") or {}).items()}
        actions.finish(ask.world, ask.repository, run, ask.now, str(ask.body["conclusion"]), logs)
    return shown(ask, run)


async def add_check(ask: Ask) -> Any:
    """{sha, name, status, conclusion, output}."""
    sha, name = await sha_of(ask, ask.repository), str(ask.body.get("name") or "build")
    conclusion = ask.body.get("conclusion")
    status = str(ask.body.get("status") or ("completed" if conclusion else "in_progress"))
    done = ask.now if status == "completed" else None
    output = dict(ask.body.get("output") or {})
    made = CheckRun(ask.world.new_id(), sha, name, status, conclusion, ask.now, done, output)
    ask.repository.check_runs[made.id] = made
    return checks_view.check_run(ask.links, ask.repository, made)


async def add_status(ask: Ask) -> Any:
    """{sha, state, context, description}."""
    sha, state = await sha_of(ask, ask.repository), str(ask.body.get("state") or "success")
    context, description = str(ask.body.get("context") or "ci"), ask.body.get("description")
    made = Status(ask.world.new_id(), sha, state, context, description, None, ask.person, ask.now)
    ask.repository.statuses.append(made)
    return checks_view.status(ask.links, ask.repository, made)
