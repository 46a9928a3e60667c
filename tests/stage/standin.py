"""A GitHub stand-in as its own process, and a client of plain HTTP: what all its test modules share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import github
import httpx
from github.Repository import Repository

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds until something eventual must have happened
IDLE = httpx.Limits(keepalive_expiry=2.0)  # seconds; sooner than the server ends a connection that says nothing
T = TypeVar("T")


@dataclass
class Hub:
    """The facts of a running stand-in and the calls that tests make on it."""

    url: str
    token: str
    readonly_token: str
    repository: str
    control: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60, limits=IDLE))

    @property
    def base(self) -> str:
        return f"/repos/{self.repository}"

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **rest: Any) -> httpx.Response:
        """One API call; a path that does not start with a slash is below the repository. Token "" sends none."""
        below = path if path.startswith("/") else f"{self.base}/{path}".rstrip("/")
        address = path if path.startswith("http") else self.url + below
        value = self.token if token is None else token
        headers = ({"Authorization": f"Bearer {value}"} if value else {}) | rest.pop("headers", {})
        content = {} if body is None else {"json": body}
        return self.http.request(method, address, headers=headers, **content, **rest)

    def get(self, path: str, **rest: Any) -> httpx.Response:
        return self.ask("GET", path, **rest)

    def post(self, path: str, body: Any = None, **rest: Any) -> httpx.Response:
        return self.ask("POST", path, {} if body is None else body, **rest)

    def patch(self, path: str, body: Any, **rest: Any) -> httpx.Response:
        return self.ask("PATCH", path, body, **rest)

    def put(self, path: str, body: Any = None, **rest: Any) -> httpx.Response:
        return self.ask("PUT", path, body, **rest)

    def delete(self, path: str, **rest: Any) -> httpx.Response:
        return self.ask("DELETE", path, **rest)

    def steer(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """A call to the control surface, which must succeed."""
        answer = self.http.request(method, self.control + path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fault(self, identifier: str, **options: Any) -> None:
        self.steer("/faults", {"id": identifier, **options})

    def calm(self) -> None:
        self.steer("/faults", method="DELETE")

    def issue(self, **fields: Any) -> dict[str, Any]:
        answer = self.post("issues", {"title": "It broke", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def head(self, branch: str = "main") -> str:
        return self.get(f"git/ref/heads/{branch}").json()["object"]["sha"]

    def commit(self, parent: str | None, message: str, files: dict[str, str] | None = None) -> str:
        """A commit object on top of `parent`; no branch moves."""
        base = self.head() if parent is None else parent
        entries = [
            {"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in (files or {}).items()
        ]
        tree = self.get(f"git/commits/{base}").json()["tree"]["sha"]
        if entries:
            tree = self.post("git/trees", {"base_tree": tree, "tree": entries}).json()["sha"]
        body = {"message": message, "tree": tree, "parents": [base]}
        answer = self.post("git/commits", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["sha"]

    def branch(self, name: str, files: dict[str, str] | None = None, start: str | None = None) -> str:
        """A branch that is one commit ahead of main; its sha."""
        sha = self.commit(start, f"work on {name}", files or {f"{name}.txt": name})
        answer = self.post("git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
        assert answer.status_code == 201, answer.text
        return sha

    def pull(self, name: str, **fields: Any) -> dict[str, Any]:
        self.branch(name)
        answer = self.post("pulls", {"title": f"Change {name}", "head": name, "base": "main", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def graphql(self, query: str, variables: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
        answer = self.post("/graphql", {"query": query, "variables": variables or {}}, **rest)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pygithub(self, token: str | None = None) -> Repository:
        """The repository through PyGithub, without its own pauses and retries."""
        auth = github.Auth.Token(token or self.token)
        hub = github.Github(
            base_url=self.url, auth=auth, retry=None, seconds_between_requests=0, seconds_between_writes=0, per_page=100
        )
        return hub.get_repo(self.repository)


@contextmanager
def started(*arguments: str) -> Generator[Hub]:
    """A stand-in process for the length of the block."""
    command = [sys.executable, "-m", "node.demo.github", "--port", "0", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            hub = Hub(**json.loads(process.stdout.readline()))
            with hub.http:
                yield hub
        finally:
            process.terminate()
            process.wait(PATIENCE)  # it removes its repositories


def eventually(look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it finds something true; asks again for a while."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing came in {PATIENCE} s")


def at_once(jobs: list[Callable[[], T]]) -> list[T]:
    """Run all of these at the same time, each in its own thread, and return what they return."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def message(answer: httpx.Response) -> str:
    """The message and the details of a refusal as one text."""
    body = answer.json()
    return " ".join([body["message"], *(str(error) for error in body.get("errors", []))])
