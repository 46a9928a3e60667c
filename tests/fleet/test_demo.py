"""`aggregator demo` as its user runs it: it says what is right, it says what is wrong, and it leaves nothing behind.

The demo that is right and the one that expects the wrong thing, which ends when most is filed, run side by side: both
mostly wait.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from node.demo.cast import NODES

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # seconds until a demo that hangs is a failed test
AGGREGATOR = (sys.executable, "-m", "node.cli")
EXPECTS_WRONG = """\
import sys
from dataclasses import replace
from node.cli.demo import VERB
from node.cli.verb import Cli, execute
from node.demo.cast import BUGS
from node.demo import play
play.STORY = play.STORY[: [name for name, _ in play.STORY].index("It files") + 1]
wrong = [bug._replace(severity="low") if bug.name == "checkout" else bug for bug in BUGS if bug.name != "disk"]
sys.exit(execute(replace(VERB, run=lambda cli: play.play(wrong)), Cli(), {}, as_json=True))
"""


class Demo(NamedTuple):
    code: int
    played: dict[str, Any]
    told: str  # on standard error
    left: list[str]  # files and processes that it left behind


@contextmanager
def directory() -> Generator[Path]:
    """A short one: Unix sockets are made in it."""
    with tempfile.TemporaryDirectory(prefix="demo-", dir="/tmp") as path:
        yield Path(path)


def start(place: Path, *command: str) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(place), "HOME": "/nonexistent"}
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def left_in(place: Path) -> list[str]:
    """Files below `place`, and processes that were started with a path below it."""
    files = [str(path) for path in place.iterdir()]
    processes = [
        path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if f"{place}/".encode() in read(path)
    ]
    return files + processes


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended, or is another user's
        return b""


def finished(process: subprocess.Popen[str], place: Path) -> Demo:
    try:
        out, told = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # it clears its stage
        out, told = process.communicate()
    return Demo(process.returncode, json.loads(out or "{}"), told, left_in(place))


@pytest.fixture(scope="module")
def demos() -> Generator[tuple[Demo, Demo]]:
    with directory() as right, directory() as wrong:
        running = start(right, *AGGREGATOR, "demo", "--json"), start(wrong, sys.executable, "-c", EXPECTS_WRONG)
        yield finished(running[0], right), finished(running[1], wrong)


def test_every_bug_is_counted_exactly_and_has_one_issue_that_says_so(demos: tuple[Demo, Demo]) -> None:
    demo, _ = demos
    assert (demo.code, demo.played["ok"], demo.played["problems"]) == (0, True, []), demo.told
    bugs = {row["service"]: row for row in demo.played["bugs"]}
    assert all(row["counted"] == row["happened"] > 0 for row in bugs.values())
    filed = {name: row for name, row in bugs.items() if row["issue"]}
    assert set(bugs) - set(filed) == {"greeting"}
    assert all(row["issue_says"] == row["happened"] for row in filed.values())
    assert sorted(row["issue"] for row in filed.values()) == list(range(1, len(filed) + 1))
    assert (bugs["worker"]["counted"], bugs["reports"]["counted"], bugs["search"]["counted"]) == (12_000, 3, 1)


def test_every_node_counts_what_happened_on_any(demos: tuple[Demo, Demo]) -> None:
    demo, _ = demos
    bugs = {row["service"]: row for row in demo.played["bugs"]}
    assert all(row["counts"] == dict.fromkeys(NODES, row["happened"]) for row in bugs.values())
    assert bugs["checkout"]["reported_on"] == bugs["worker"]["reported_on"] == sorted(NODES)
    nodes = {row["name"]: row["counted"] for row in demo.played["nodes"]}
    assert nodes == dict.fromkeys(NODES, sum(row["happened"] for row in bugs.values()))
    never_killed = [row for row in demo.played["nodes"] if row["name"] != demo.played["elected"][0]]
    assert all(row["by_gossip"] > 0 for row in never_killed)


def test_the_elected_node_is_killed_while_it_files_and_the_next_in_rank_goes_on(demos: tuple[Demo, Demo]) -> None:
    demo, _ = demos
    elected, second, _ = demo.played["elected"]
    filed_by = {row["service"]: row["filed_by"] for row in demo.played["bugs"]}
    assert demo.played["kills"] == 2
    assert demo.played["asked_for"] == demo.played["issues"] + 1
    assert (filed_by["checkout"], filed_by["coupons"], filed_by["invoices"]) == (elected, second, elected)
    assert filed_by["greeting"] == ""


def test_each_step_is_told_while_it_goes_on_and_one_issue_is_shown(demos: tuple[Demo, Demo]) -> None:
    demo, _ = demos
    steps = [row["name"] for row in demo.played["steps"]]
    assert [line.split("  ok  ")[1].split(":")[0] for line in demo.told.splitlines()] == steps
    assert demo.played["issue"]["title"].startswith("PaymentError")
    assert "### Stack trace" in demo.played["issue"]["body"]


def test_a_wrong_expectation_is_said_and_ends_with_1(demos: tuple[Demo, Demo]) -> None:
    _, demo = demos
    assert (demo.code, demo.played["ok"]) == (1, False), demo.told
    problems = demo.played["problems"]
    assert "checkout: is high on carol, and should be low" in problems
    assert any(problem.startswith("nobody did this, and it was counted: Error: disk") for problem in problems)
    assert any(problem.startswith("nobody did this, and it has an issue: Error: disk") for problem in problems)


def test_nothing_stays_behind(demos: tuple[Demo, Demo]) -> None:
    assert [demo.left for demo in demos] == [[], []]


@pytest.mark.parametrize(
    ("number", "step"), [(signal.SIGINT, "files nothing\n"), (signal.SIGTERM, "linked with each\n")]
)
def test_nothing_stays_behind_when_it_is_interrupted(number: signal.Signals, step: str) -> None:
    with directory() as place, start(place, *AGGREGATOR, "demo") as process:
        assert process.stderr is not None
        while not process.stderr.readline().endswith(step):
            assert process.poll() is None
        process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert told.endswith("interrupted; all that it started is ended and removed\n")
        assert left_in(place) == []
