"""The GitHub stand-in of the demo: a process, what is on it, and its switches."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from aggregator.filing.claim import PREFIX, Claim, read_claim
from node.demo.process import Broken, Processes, wait_until

SECONDS = 30.0  # for one call to the control surface
IDLE = httpx.Limits(keepalive_expiry=2.0)  # seconds; sooner than the server ends a connection that says nothing


class Issue(NamedTuple):
    """One issue as GitHub has it."""

    number: int
    title: str
    labels: tuple[str, ...]
    body: str
    state: str


class Hub:
    """Started at once, on a free port, with everything it keeps below `directory`."""

    def __init__(self, directory: Path, environment: Mapping[str, str], processes: Processes) -> None:
        directory.mkdir()
        command = [sys.executable, "-m", "node.demo.github", "--port", "0", "--directory", str(directory / "git")]
        self.process = processes.start(command, environment, directory, directory / "github.log")
        wait_until(self._said_where, "the GitHub stand-in starts")
        facts = json.loads(self.process.output.read_text().splitlines()[0])
        self.url: str = facts["url"]
        self.token: str = facts["token"]
        self.repository: str = facts["repository"]
        self.control: str = facts["control"]
        token = {"Authorization": f"Bearer {self.token}"}
        self._http = httpx.Client(base_url=self.control, headers=token, trust_env=False, timeout=SECONDS, limits=IDLE)

    def issues(self) -> list[Issue]:
        """All that there are, whoever wrote them and whatever their state."""
        return [
            Issue(
                each["number"],
                each["title"],
                tuple(label["name"] for label in each["labels"]),
                each["body"],
                each["state"],
            )
            for each in self._ask("GET", "issues")
        ]

    def claims(self) -> list[Claim]:
        """Who has the right to which issue, or made it: of every claim its newest state."""
        git = f"{self.url}/repos/{self.repository}/git"
        refs = self._ask("GET", f"{git}/matching-{PREFIX}")
        heads = [(each["object"]["sha"], self._ask("GET", f"{git}/commits/{each['object']['sha']}")) for each in refs]
        return [claim for sha, commit in heads if (claim := read_claim(commit["message"], sha))]

    def everything(self) -> str:
        """All that was ever sent to it, and all that it holds."""
        return json.dumps([self._ask("GET", "requests"), self._ask("GET", "issues")], ensure_ascii=False)

    def requests(self) -> int:
        """How many calls it has had."""
        return len(self._ask("GET", "requests"))

    def issues_asked_for(self) -> int:
        """How often somebody asked for a new issue, whatever became of it."""
        asked = (each["method"] == "POST" and each["path"].endswith("/issues") for each in self._ask("GET", "requests"))
        return sum(asked)

    def break_next_issue(self, switch: str, seconds: float) -> None:
        """FLT-02: the next request for an issue is lost; FLT-01: its answer is. `seconds` pass until that shows."""
        self._ask("DELETE", "faults")
        self._ask(
            "POST", "faults", {"id": switch, "method": "POST", "path": "*/issues", "times": 1, "seconds": seconds}
        )

    def broke(self) -> bool:
        """Whether the switch has met its request, which now waits for its answer."""
        return any(each["hits"] for each in self._ask("GET", "faults"))

    def _said_where(self) -> bool:
        if self.process.ended is not None:
            raise Broken(f"the GitHub stand-in does not start{self.process.last_words()}")
        return self.process.output.read_bytes().endswith(b"}\n")

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Broken(f"the GitHub stand-in fails at {method} {path}: {error}{self.process.last_words()}") from None
        return answer.json()
