"""A node that files on the stand-in, with waits of seconds; spoken to over its sockets and its command line only.

takeover age 3 s   >   three times a create deadline 1 s;   relist gap 1 s;   a tick each second
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.fleet.harness import NO_TICKS, PATIENCE, ROOT, DaemonProcess
from tests.fleet.shop import Shop, eventually
from tests.sender import Map, Sender, new_session, numbered

Setting = str | int | dict[str, str]

SHORT: Mapping[str, Setting] = {
    "bundle.interval": "1s",
    "bundle.window": "2s",
    "filing.issues": True,
    "filing.takeover_age": "3s",
    "filing.create_deadline": "1s",
    "filing.relist_gap": "1s",
    "filing.scan_missing": 5,
    "filing.update_interval": "1s",
    "filing.closing_grace": "0s",
    "filing.issues_per_hour": 1000,
    "filing.issues_per_day": 1000,
    "github.write_interval": "0s",
}
BY_HAND: Mapping[str, Setting] = {  # changed: bundles come when a test says so, and a slow machine ends no attempt
    "bundle.interval": NO_TICKS,
    "filing.takeover_age": "60s",
    "filing.create_deadline": "20s",
}
IDLE = httpx.Limits(keepalive_expiry=2.0)  # seconds; sooner than the node ends a connection that says nothing


def toml(settings: Mapping[str, Setting]) -> str:
    """Settings by dotted key as TOML."""
    sections: dict[str, list[str]] = {}
    for key, value in settings.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, []).append(f"{name} = {_literal(value)}")
    return "".join(f"[{section}]\n" + "\n".join(lines) + "\n" for section, lines in sections.items())


def _literal(value: Setting) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


class FilingNode(DaemonProcess):
    """`changed`: settings by dotted key that are not as in `SHORT`."""

    def __init__(
        self, directory: Path, shop: Shop, changed: Mapping[str, Setting] | None = None, token: str = ""
    ) -> None:
        here = {"github.api_url": shop.hub.url, "github.repository": shop.name}
        settings = {**SHORT, **here, **(changed or {})}
        self.shop = shop
        programs = {"AGGREGATOR_SOCKET": f"{directory}/ingest.sock", "AGGREGATOR_SPOOL": f"{directory}/spool"}
        super().__init__(directory, toml(settings), {"GITHUB_TOKEN": token or shop.hub.token, **programs})
        transport = httpx.HTTPTransport(uds=str(directory / "control.sock"), limits=IDLE)
        self._control = httpx.Client(transport=transport, base_url="http://node/v1/", timeout=PATIENCE)

    def __exit__(self, *args: object) -> None:
        super().__exit__(*args)
        self._control.close()

    def restart(self) -> None:
        self.kill()
        self.start()

    def report(self, *records: Map) -> None:
        """Send these in a session, and wait until they are counted."""
        sender = Sender(self.socket)
        sender.hello(new_session())
        sender.send(*numbered(records))
        answers = sender.answers_to(len(records))
        assert answers[-1]["ack"] == len(records), answers
        assert not any(answer.get("refused") for answer in answers), answers
        sender.close()

    def errors(self) -> list[dict[str, Any]]:
        return self._ask("GET", "errors")

    def status(self) -> dict[str, Any]:
        return self._ask("GET", "status")

    def bundle(self) -> dict[str, Any]:
        """Run a bundle at once."""
        return self._ask("POST", "bundle")

    def bundles(self, number: int = 2) -> None:
        """So many bundles, one after the other."""
        for _ in range(number):
            self.bundle()

    def decide(self, action: str, subject: str) -> None:
        self._ask("POST", "decisions", {"action": action, "subject": subject})

    def reload(self) -> None:
        self._ask("POST", "reload")

    def error(self, type_name: str) -> dict[str, Any]:
        """The one error of this type."""
        (row,) = [each for each in self.errors() if each["title"].split(":")[0] == type_name]
        return row

    def wait_state(self, type_name: str, state: str, reason: str = "") -> dict[str, Any]:
        """Until the error of this type is in `state` (and for `reason`)."""

        def look() -> dict[str, Any] | None:
            row = self.error(type_name)
            return row if row["state"] == state and reason in ("", row["reason"]) else None

        row = eventually(look, f"{type_name} is {state} {reason}", shown=self.story)
        assert row is not None
        return row

    def wait_reason(self, type_name: str, reason: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            row = self.error(type_name)
            return row if row["reason"] == reason else None

        row = eventually(look, f"{type_name}: {reason}", shown=self.story)
        assert row is not None
        return row

    def wait_bundles(self, number: int = 2) -> None:
        """Until so many bundles have begun and ended after this moment. Two: one of them saw all that is known now."""
        for _ in range(number):
            before = self._last_bundle()
            eventually(lambda before=before: self._last_bundle() != before, "a bundle", shown=self.story)

    def cli(self, *arguments: str, check: bool = True) -> Any:
        """What `aggregator ARGUMENTS --json` prints; `check`: and it ends well."""
        ran = self.run_cli(*arguments, "--json")
        assert ran.returncode == 0 or not check, ran.stderr
        return json.loads(ran.stdout)

    def run_cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command: Sequence[str] = [sys.executable, "-m", "node.cli", "--config", str(self.config), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, cwd=ROOT)

    def story(self) -> str:
        """What a person who looks for a reason would read."""
        rows = [f"{each['title']}: {each['count']} {each['state']} {each['reason']}" for each in self.errors()]
        return "\n".join([*rows, str(self.status()["filing"]), *list(self.log_lines())[-40:]])

    def _last_bundle(self) -> str:
        last = self.status()["bundle"]
        return last["at"] if last else ""

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self._control.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()
