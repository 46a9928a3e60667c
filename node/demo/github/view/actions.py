"""Workflows, runs and jobs."""

from __future__ import annotations

from typing import Any

from node.demo.github.model.actions import Job, Run, Workflow
from node.demo.github.model.repositories import Repository
from node.demo.github.model.world import stamp
from node.demo.github.view import people
from node.demo.github.view import repository as repository_view
from node.demo.github.wire.links import Links


def workflow(links: Links, repository: Repository, value: Workflow) -> dict[str, Any]:
    page = links.page(repository.full_name, "blob", repository.default_branch, value.path)
    return {
        "id": value.id,
        "node_id": f"W_{value.id}",
        "name": value.name,
        "path": value.path,
        "state": "active",
        "created_at": stamp(value.created_at),
        "updated_at": stamp(value.created_at),
        "url": f"{links.repository(repository.full_name)}/actions/workflows/{value.id}",
        "html_url": page,
        "badge_url": f"{page}/badge.svg",
    }


def run(links: Links, repository: Repository, value: Run) -> dict[str, Any]:
    base = links.repository(repository.full_name)
    own = f"{base}/actions/runs/{value.id}"
    actor = people.user(links, value.actor)
    head = {"id": value.sha, "tree_id": value.sha, "message": value.title, "timestamp": stamp(value.created_at)}
    person = {"name": value.actor.login, "email": value.actor.email}
    return {
        "id": value.id,
        "name": value.workflow.name,
        "node_id": value.node_id,
        "head_branch": value.branch,
        "head_sha": value.sha,
        "path": value.workflow.path,
        "display_title": value.title,
        "run_number": value.number,
        "event": value.event,
        "status": value.status,
        "conclusion": value.conclusion,
        "workflow_id": value.workflow.id,
        "check_suite_id": value.id,
        "check_suite_node_id": f"CS_{value.id}",
        "url": own,
        "html_url": links.page(repository.full_name, "actions", "runs", value.id),
        "pull_requests": [],
        "created_at": stamp(value.created_at),
        "updated_at": stamp(value.updated_at),
        "actor": actor,
        "triggering_actor": actor,
        "run_attempt": value.attempt,
        "referenced_workflows": [],
        "run_started_at": stamp(value.updated_at if value.attempt > 1 else value.created_at),
        "jobs_url": f"{own}/jobs",
        "logs_url": f"{own}/logs",
        "check_suite_url": f"{base}/check-suites/{value.id}",
        "artifacts_url": f"{own}/artifacts",
        "cancel_url": f"{own}/cancel",
        "rerun_url": f"{own}/rerun",
        "previous_attempt_url": f"{own}/attempts/{value.attempt - 1}" if value.attempt > 1 else None,
        "workflow_url": f"{base}/actions/workflows/{value.workflow.id}",
        "head_commit": {**head, "author": person, "committer": person},
        "repository": repository_view.short(links, repository),
        "head_repository": repository_view.short(links, repository),
    }


def job(links: Links, repository: Repository, parent: Run, value: Job) -> dict[str, Any]:
    base = links.repository(repository.full_name)
    finished = stamp(value.started_at) if value.status == "completed" else None
    return {
        "id": value.id,
        "run_id": parent.id,
        "workflow_name": parent.workflow.name,
        "head_branch": parent.branch,
        "run_url": f"{base}/actions/runs/{parent.id}",
        "run_attempt": value.attempt,
        "node_id": f"CR_{value.id}",
        "head_sha": parent.sha,
        "url": f"{base}/actions/jobs/{value.id}",
        "html_url": links.page(repository.full_name, "actions", "runs", parent.id, "job", value.id),
        "status": value.status,
        "conclusion": value.conclusion,
        "created_at": stamp(value.started_at),
        "started_at": stamp(value.started_at),
        "completed_at": finished,
        "name": value.name,
        "steps": [step(place, each, value) for place, each in enumerate(value.steps, 1)],
        "check_run_url": f"{base}/check-runs/{value.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "stand-in",
        "runner_group_id": 1,
        "runner_group_name": "stand-in",
    }


def step(place: int, value: dict[str, Any], parent: Job) -> dict[str, Any]:
    times = {"started_at": stamp(parent.started_at), "completed_at": stamp(parent.started_at)}
    return {
        "name": f"step {place}",
        "status": parent.status,
        "conclusion": parent.conclusion,
        "number": place,
        **times,
        **value,
    }
