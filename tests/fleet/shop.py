"""One repository on the GitHub stand-in: what people do there, what goes wrong there, and what it holds in the end."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from aggregator.filing.claim import ref
from tests.stage.standin import Hub

PATIENCE = 120.0  # seconds until something eventual must have happened; many takeover ages and restarts
BETWEEN = 0.05  # seconds between two looks
COUNT = re.compile(r"^\| Occurrences \| ([\d,]+) in the lookback", re.MULTILINE)

T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, patience: float = PATIENCE, shown: Callable[[], Any] = str) -> T:
    """What `look` finds, as soon as it finds something true. `shown`: told where it never does."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(BETWEEN)
    raise AssertionError(f"{what}: not in {patience} s\n{shown()}")


def count_in(issue: dict[str, Any]) -> int:
    """The occurrences that a person reads in the status block of an issue."""
    found = COUNT.search(issue["body"])
    assert found, issue["body"]
    return int(found[1].replace(",", ""))


@dataclass(frozen=True)
class Shop:
    """A repository of its own on a stand-in that is shared: its path is in every fault."""

    hub: Hub
    name: str

    @property
    def github(self) -> Hub:
        """GitHub's API, below this repository."""
        return replace(self.hub, repository=self.name)

    def issues(self) -> list[dict[str, Any]]:
        """Every issue there ever was, with its comments."""
        return self.hub.steer(f"/issues?repository={self.name}", method="GET")

    def open_issues(self) -> list[dict[str, Any]]:
        every = self.issues()
        return [each for each in every if each["state"] == "open" and not each["deleted"] and not each["moved_to"]]

    def issue(self, number: int) -> dict[str, Any]:
        return next(each for each in self.issues() if each["number"] == number)

    def act(self, action: str, number: int = 0, login: str = "alice", **fields: Any) -> dict[str, Any]:
        """A person does something. alice may write, trent may triage, anybody else may only read."""
        about = {"number": number} if number else {}
        return self.hub.steer("/issues", {"repository": self.name, "action": action, "login": login, **about, **fields})

    def fault(self, identifier: str, method: str = "", path: str = "", **options: Any) -> None:
        """`path`: a regular expression of what follows the repository's own path."""
        place = {"method": method} if method else {}
        self.hub.fault(identifier, path=f"{self._below}{path}", **place, **options)

    def calm(self) -> None:
        """Nothing goes wrong here any more."""
        for each in self.hub.steer("/faults", method="GET"):
            if (each["path"] or "").startswith(self._below):
                self.hub.steer("/faults", {"path": each["path"]}, method="DELETE")

    def switches(self, method: str = "", path: str = "") -> list[str]:
        """The faults that requests of this kind have met."""
        return [each["switch"] for each in self.requests(method, path) if each["switch"]]

    def change(self, **settings: Any) -> None:
        """Settings of the repository: archived, has_issues, new_name, …"""
        self.hub.steer(f"/repositories/{self.name}", settings, method="PATCH")

    def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """What was asked of this repository, oldest first. `path`: as for `fault`."""
        place = re.compile(self._below + path, re.IGNORECASE)
        every: list[dict[str, Any]] = self.hub.steer("/requests", method="GET")
        return [each for each in every if place.search(each["path"]) and each["method"] in (method or each["method"],)]

    def wait_request(self, method: str, path: str, number: int = 1) -> None:
        """Until this was asked for `number` times; it need not be answered."""
        eventually(lambda: len(self.requests(method, path)) >= number, f"{method} {path}", shown=self._asked)

    def claim(self, root: str) -> dict[str, Any]:
        """What the claim of `root` says on GitHub; empty where there is none."""
        answer = self.github.get(f"git/{ref(root).replace('refs/', 'ref/', 1)}")
        if answer.status_code == 404:
            return {}
        commit = self.github.get(f"git/commits/{answer.json()['object']['sha']}").json()
        return json.loads(commit["message"])

    @property
    def _below(self) -> str:
        """A regular expression for the paths of this repository."""
        return f"^/repos/{re.escape(self.name)}(?=/|$).*?"

    def _asked(self) -> str:
        return "\n".join(f"{each['method']} {each['path']} {each['status']}" for each in self.requests())
