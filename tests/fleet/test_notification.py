"""Real nodes tell a command: of new errors, of issues, of trouble; after a kill nothing twice, and one node for all."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.conftest import Start
from tests.fleet.filing_node import BY_HAND
from tests.fleet.fleet import PATIENCE, SETTINGS, fleet, name, until
from tests.fleet.founding import Founded
from tests.fleet.shop import Shop, eventually
from tests.sender import error
from tests.stage.standin import Hub

SCRIPT = '#!/bin/sh\nread -r note\nprintf "%s\\n" "$note" >> "{told}"\nenv >> "{environment}"\n'


def test_a_node_tells_what_is_news_and_after_a_kill_nothing_twice(shop: Shop, start: Start, tmp_path: Path) -> None:
    told, environment, script = tmp_path / "told", tmp_path / "environment", tmp_path / "page"
    script.write_text(SCRIPT.format(told=told, environment=environment))
    script.chmod(0o755)

    def events() -> list[dict[str, Any]]:
        written = told.read_text() if told.exists() else ""
        lines = written[: written.rfind("\n") + 1].splitlines()  # whole ones
        return [event for line in lines for event in json.loads(line)["events"]]

    def kinds() -> list[str]:
        return [event["kind"] for event in events()]

    settings = {**BY_HAND, "notify.command": [str(script)], "notify.interval": "1s"}
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


@pytest.mark.slow
async def test_of_three_nodes_one_tells_of_each_new_error_and_one_of_its_issue(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    told, script = tmp_path / "told", tmp_path / "page"
    script.write_text(f'#!/bin/sh\nread -r note\nprintf "%s\\n" "$note" >> "{told}"\n')
    script.chmod(0o755)

    def titles(kind: str) -> list[str]:
        notes = [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []
        return [event["title"] for note in notes for event in note["events"] if event["kind"] == kind]

    settings = f'{SETTINGS}[notify]\ncommand = ["{script}"]\ninterval = "1s"\n'
    numbers = range(1, 7)

    async def everybody_knows() -> bool:
        return all([{name(n) for n in numbers} <= (await node.shown()).keys() for node in some])

    async with fleet(founded, hub, tmp_path, "alice", "bob", "carol", settings=settings) as some:
        await some.linked()

        async def settled() -> bool:
            return all([(await node.status()).settled for node in some])

        await until(settled, PATIENCE)
        for number, node in zip(numbers, [*some, *some], strict=True):
            await node.report(*[error(number)] * 3)
        await until(everybody_knows, PATIENCE)
        await until(lambda: _all(len(titles("first")) >= len(numbers)), PATIENCE)
        await some.bundle()
        await until(lambda: _all(len(titles("filed")) >= len(numbers)), PATIENCE)
    for kind in ("first", "filed"):
        assert len(set(titles(kind))) == len(titles(kind)) == len(numbers), titles(kind)


async def _all(seen: bool) -> bool:
    return seen
