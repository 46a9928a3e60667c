"""What was reported about a commit: statuses and check runs."""

from __future__ import annotations

from typing import Any

from node.demo.github.model.actions import CheckRun, Status
from node.demo.github.model.repositories import Repository
from node.demo.github.model.world import stamp
from node.demo.github.view import people
from node.demo.github.view import repository as repository_view
from node.demo.github.wire.links import Links

BAD = ("failure", "timed_out", "cancelled", "action_required", "startup_failure")


def latest(repository: Repository, sha: str) -> list[Status]:
    """The newest status of each context."""
    by_context = {each.context: each for each in repository.statuses if each.sha == sha}
    return list(by_context.values())


def combined_state(statuses: list[Status]) -> str:
    """failure before pending before success; without any status it is pending."""
    states = {each.state for each in statuses}
    if states & {"failure", "error"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def failing(repository: Repository, sha: str) -> bool:
    checks = [each for each in repository.check_runs.values() if each.sha == sha]
    return any(each.conclusion in BAD for each in checks) or combined_state(latest(repository, sha)) == "failure"


def status(links: Links, repository: Repository, value: Status) -> dict[str, Any]:
    return {
        "url": f"{links.repository(repository.full_name)}/statuses/{value.sha}",
        "avatar_url": None,
        "id": value.id,
        "node_id": f"SC_{value.id}",
        "state": value.state,
        "description": value.description,
        "target_url": value.target_url,
        "context": value.context,
        "created_at": stamp(value.at),
        "updated_at": stamp(value.at),
        "creator": people.user(links, value.creator),
    }


def combined(links: Links, repository: Repository, sha: str) -> dict[str, Any]:
    found, base = latest(repository, sha), links.repository(repository.full_name)
    return {
        "state": combined_state(found),
        "statuses": [status(links, repository, each) for each in found],
        "sha": sha,
        "total_count": len(found),
        "repository": repository_view.short(links, repository),
        "commit_url": f"{base}/commits/{sha}",
        "url": f"{base}/commits/{sha}/status",
    }


def check_run(links: Links, repository: Repository, value: CheckRun) -> dict[str, Any]:
    own = f"{links.repository(repository.full_name)}/check-runs/{value.id}"
    page = links.page(repository.full_name, "runs", value.id)
    output = {"title": None, "summary": None, "text": None, **value.output}
    return {
        "id": value.id,
        "node_id": f"CR_{value.id}",
        "name": value.name,
        "head_sha": value.sha,
        "external_id": "",
        "url": own,
        "html_url": page,
        "details_url": value.details_url or page,
        "status": value.status,
        "conclusion": value.conclusion,
        "started_at": stamp(value.started_at),
        "completed_at": stamp(value.completed_at),
        "output": {**output, "annotations_count": 0, "annotations_url": f"{own}/annotations"},
        "check_suite": {"id": value.id},
        "app": {"id": 15368, "slug": "github-actions", "name": "GitHub Actions", "node_id": "A_15368"},
        "pull_requests": [],
    }
