"""What real programs report is counted once, whatever happens to the node, and issues bear exactly these counts."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from tests.fleet.conftest import Start
from tests.fleet.filing_node import FilingNode
from tests.fleet.harness import ROOT
from tests.fleet.shop import Shop, count_in, eventually
from tests.stage.programs import environment

PROCESSES = 8
KINDS = 20
OCCURRENCES = 10_000
PATIENCE = 300.0  # seconds until a worker that hangs is a failed test
FOREVER = 1_000_000  # occurrences; it is told to end before
PAUSE = 0.02  # seconds between two failures; what a spool takes of these outlasts every absence of the node


def start_worker(node: FilingNode, module: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"tests.fleet.{module}", *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment(node.directory), cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def ended(worker: subprocess.Popen[str]) -> dict[str, Any]:
    """Tell it to end, and what it says then."""
    out, _ = worker.communicate(timeout=PATIENCE)
    assert worker.returncode == 0
    return json.loads(out)


def counted(node: FilingNode) -> dict[str, int]:
    """By type, as `aggregator errors --json` says."""
    return {each["title"].partition(":")[0]: each["count"] for each in node.cli("errors")}


def reported(told: Sequence[dict[str, Any]]) -> dict[str, int]:
    """By type, as the workers say; none of it was refused or dropped."""
    assert [(each["refused"], each["dropped"]) for each in told] == [({}, {})] * len(told)
    total: Counter[str] = Counter()
    for each in told:
        total.update({f"Error{number}": count for number, count in enumerate(each["counts"]) if count})
    return dict(total)


@pytest.mark.parametrize("module", ["worker", "raw_worker"])
def test_10_000_occurrences_of_20_errors_from_eight_processes_at_once_are_counted_and_filed_exactly(
    shop: Shop, start: Start, module: str
) -> None:
    node = start({"filing.issues": False})
    workers = [start_worker(node, module, KINDS, OCCURRENCES // PROCESSES) for _ in range(PROCESSES)]
    expected = reported([ended(each) for each in workers])
    assert (len(expected), sum(expected.values())) == (KINDS, OCCURRENCES)
    eventually(lambda: sum(counted(node).values()) >= OCCURRENCES, "all counted", shown=node.story)  # or in the spool
    assert counted(node) == expected
    assert node.run_cli("enable").returncode == 0
    eventually(lambda: len(shop.issues()) == KINDS, "an issue for each", shown=node.story)
    node.bundles()
    assert {each["title"].partition(":")[0]: count_in(each) for each in shop.open_issues()} == expected
    assert len(shop.issues()) == KINDS
    assert node.status()["acknowledged"] <= OCCURRENCES  # records: a storm is folded before it is sent


ROUNDS = [5, pytest.param(20, marks=pytest.mark.slow)]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_programs_that_report_while_the_node_is_killed_lose_nothing_and_nothing_is_counted_twice(
    start: Start, rounds: int
) -> None:
    chance = random.Random(rounds)
    node = start({"filing.issues": False})
    workers = [start_worker(node, "worker", 5, FOREVER, PAUSE) for _ in range(3)]
    told: list[dict[str, Any]] = []
    for _ in range(rounds):
        time.sleep(chance.uniform(0.0, 1.0))
        node.kill()
        brief = start_worker(node, "worker", 5, 20)  # lives while there is no node
        if chance.random() < 0.5:
            told.append(ended(brief))
            node.start()
        else:
            node.start()
            told.append(ended(brief))
    told += [ended(each) for each in workers]
    expected = reported(told)
    assert sum(expected.values()) > 20 * rounds
    eventually(lambda: sum(counted(node).values()) >= sum(expected.values()), "all counted", shown=node.story)
    assert counted(node) == expected
    eventually(lambda: not list(node.spool.iterdir()), "the spool is drained")
    node.restart()
    assert counted(node) == expected
