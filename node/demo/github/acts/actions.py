"""Workflow runs: planted, rerun, finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from node.demo.github.acts import hooks
from node.demo.github.model.actions import Job, Run, Workflow
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import User
from node.demo.github.model.world import World
from node.demo.github.view import actions as view
from node.demo.github.wire.links import Links
from node.demo.github.wire.problem import Problem

OLDEST_RERUN = 30 * 24 * 3600  # seconds
MAX_ATTEMPTS = 51  # the first and 50 reruns
RUNNING = "This workflow is already running"
TOO_OLD = "Unable to retry this workflow run because it was created over a month ago"


def workflow(world: World, repository: Repository, name: str, path: str, now: float) -> Workflow:
    """The workflow of this file, made on first mention."""
    known = next((each for each in repository.workflows.values() if each.path == path), None)
    if known is None:
        known = Workflow(world.new_id(), name, path, now)
        repository.workflows[known.id] = known
    return known


def add_jobs(world: World, run: Run, planned: Sequence[dict[str, Any]], now: float) -> None:
    """Jobs as the control surface describes them; what is left out follows from the run."""
    for plan in planned:
        conclusion = plan.get("conclusion", run.conclusion)
        status = plan.get("status", "completed" if conclusion else run.status)
        log, steps = str(plan.get("log", "")), list(plan.get("steps", []))
        run.jobs.append(
            Job(world.new_id(), str(plan.get("name", "build")), run.attempt, status, conclusion, steps, log, now)
        )


def announce(world: World, repository: Repository, run: Run, action: str) -> None:
    if repository.hooks:
        shown = view.run(Links(world.origin), repository, run)
        hooks.announce(world, repository, "workflow_run", run.actor, action=action, workflow_run=shown)


def rerun(world: World, repository: Repository, run: Run, actor: User, now: float, failed_only: bool) -> None:
    """A further attempt: of all jobs, or with `failed_only` of those that did not succeed."""
    if run.status != "completed":
        raise Problem(403, RUNNING)
    if now - run.created_at > OLDEST_RERUN:
        raise Problem(403, TOO_OLD)
    if run.attempt >= MAX_ATTEMPTS:
        raise Problem(403, "This workflow run cannot be retried any more")
    before = run.jobs_of(run.attempt)
    run.attempt += 1
    run.status, run.conclusion, run.actor, run.updated_at = "queued", None, actor, now
    for job in before:
        again = replace(job, id=world.new_id(), attempt=run.attempt, started_at=now)
        if not failed_only or job.conclusion != "success":
            again.status, again.conclusion, again.log = "queued", None, ""
        run.jobs.append(again)
    announce(world, repository, run, "requested")


def finish(world: World, repository: Repository, run: Run, now: float, conclusion: str, logs: dict[str, str]) -> None:
    """The present attempt ends; `logs` are texts by job name."""
    run.status, run.conclusion, run.updated_at = "completed", conclusion, now
    for job in run.jobs_of(run.attempt):
        if job.status != "completed":
            job.status, job.conclusion = "completed", conclusion
        job.log = logs.get(job.name, job.log)
    announce(world, repository, run, "completed")
