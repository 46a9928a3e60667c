"""A real node tells a command: of a new error, of the issue, of trouble; and after a kill nothing twice."""

import json
from pathlib import Path
from typing import Any

from tests.fleet.conftest import Start
from tests.fleet.shop import Shop, eventually
from tests.sender import error

SCRIPT = '#!/bin/sh\nread -r note\nprintf "%s\\n" "$note" >> "{told}"\nenv >> "{environment}"\n'


def test_a_node_tells_what_is_news_and_after_a_kill_nothing_twice(shop: Shop, start: Start, tmp_path: Path) -> None:
    told, environment, script = tmp_path / "told", tmp_path / "environment", tmp_path / "page"
    script.write_text(SCRIPT.format(told=told, environment=environment))
    script.chmod(0o755)

    def events() -> list[dict[str, Any]]:
        lines = told.read_text().splitlines() if told.exists() else []
        return [event for line in lines for event in json.loads(line)["events"]]

    def kinds() -> list[str]:
        return [event["kind"] for event in events()]

    settings = {"bundle.interval": "1h", "notify.command": [str(script)], "notify.interval": "1s"}
    node = start({**settings, "filing.issues_per_hour": 1})
    node.report(*[error(1)] * 3)
    eventually(lambda: kinds() == ["first"], "a new error is told", shown=node.story)
    node.bundle()
    eventually(lambda: "filed" in kinds(), "its issue is told", shown=node.story)
    filed = events()[-1]
    assert filed["url"].endswith(f"{shop.name}/issues/{shop.issues()[0]['number']}")
    node.report(*[error(2)] * 3)
    node.bundle()
    eventually(lambda: {"first", "breaker"} <= set(kinds()[2:]), "the cap is told", shown=node.story)
    node.kill()
    node.start()
    node.bundle()
    assert node.cli("notify", "--test")["last"] == [{"target": "command", "trouble": ""}]
    assert sorted(kinds()) == ["breaker", "filed", "first", "first", "test"]
    assert "TOKEN" not in environment.read_text()
