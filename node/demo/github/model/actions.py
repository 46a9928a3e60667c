"""Workflow runs, their jobs and logs, and what was reported about commits: planted by the control surface."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from node.demo.github.model.users import User, node_id


@dataclass(frozen=True)
class Workflow:
    id: int
    name: str
    path: str
    created_at: float


@dataclass(eq=False)
class Job:
    id: int
    name: str
    attempt: int
    status: str
    conclusion: str | None
    steps: list[dict[str, Any]]
    log: str
    started_at: float


@dataclass(eq=False)
class Run:
    id: int
    number: int
    workflow: Workflow
    event: str
    branch: str
    sha: str
    title: str
    actor: User
    created_at: float
    updated_at: float
    status: str = "completed"
    conclusion: str | None = "failure"
    attempt: int = 1
    jobs: list[Job] = field(default_factory=list[Job])
    logs_gone: bool = False

    @property
    def node_id(self) -> str:
        return node_id("WFR", self.id)

    def jobs_of(self, attempt: int) -> list[Job]:
        return [job for job in self.jobs if job.attempt == attempt]


@dataclass(eq=False)
class CheckRun:
    id: int
    sha: str
    name: str
    status: str
    conclusion: str | None
    started_at: float
    completed_at: float | None
    output: dict[str, Any]
    details_url: str | None = None


@dataclass(frozen=True)
class Status:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: User
    at: float
