"""Short runs of the simulator; `make simulate` runs many."""

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator import answering, author, runs
from aggregator.book import Ruling
from aggregator.page import Origin
from aggregator.questions import Question
from aggregator.reason import Reason
from aggregator.runs import Runs
from aggregator.settling import Settling
from aggregator.sync import Pull
from tests.pure.factories import name
from tests.simulation import checks
from tests.simulation import plan as plans
from tests.simulation.client import SimClient
from tests.simulation.fleetnode import FleetNode
from tests.simulation.github import Faults, VirtualGitHub
from tests.simulation.network import Weather
from tests.simulation.node import SimNode
from tests.simulation.plan import Plan, Step
from tests.simulation.scenario import fleet, settling, single_node, upgrade
from tests.simulation.shrink import shrink
from tests.simulation.story import Broken, make, perform, play
from tests.simulation.test_checks_can_fail import Polite, disk_fails, killed_at_commit, under
from tests.simulation.world import START, World

HERE = Path(__file__).parent
HOUR = 3_600.0  # seconds


class Failed(msgspec.Struct):
    """A plan that once broke a promise, made small, and what it showed."""

    showed: str
    plan: Plan


def failed() -> list[Failed]:
    lines = (HERE / "failed.jsonl").read_text().splitlines()
    return [msgspec.json.decode(line, type=Failed) for line in lines if line]


@pytest.mark.parametrize("seed", range(1, 31))
def test_one_node_keeps_its_promises(seed: int) -> None:
    single_node(seed)


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_fleet_keeps_its_promises(seed: int) -> None:
    fleet(seed)


@pytest.mark.parametrize("seed", range(1, 4))
def test_who_comes_back_hears_what_was_ruled_before_it_files(seed: int) -> None:
    settling(seed)


@pytest.mark.parametrize("seed", range(1, 4))
def test_a_rolling_upgrade_of_the_signature_files_nothing_twice(seed: int) -> None:
    upgrade(seed)


def in_this_window(_runs: Runs, _origin: Origin, window: int, _length: int) -> int:
    return window


@pytest.mark.parametrize("seed", [1, 2])
def test_nodes_that_begin_anew_more_often_than_a_window_has_room_for_count_exactly(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "RUNS", 1)
    plan = plans.drawn(seed, random.Random(seed), 3, [plans.restart, plans.cut], 20)
    play(plan)
    monkeypatch.setattr(author, "first_with_room", in_this_window)
    with pytest.raises(Broken, match="is not counted"):
        play(plan)


def test_who_slept_hears_what_was_ruled_meanwhile_before_it_files() -> None:
    """The only one that may file wakes a moment before the tick, and was told nothing while it slept."""
    steps = [Step(float(number), "start", name) for number, name in enumerate(("alice", "bob"))]
    steps += [Step(907.0, "report", "alice/0", "1", 0.0, 5), Step(910.0, "cut", "alice", "", 893.0)]
    steps += [Step(911.0, "sleep", "alice", "now", 892.0), Step(1000.0, "mute", "bob", "", 0.0, 1)]
    stage = make(Plan(1, ("alice", "bob"), 20, tuple(steps)), None)
    bob = stage.mesh["bob"]
    stage.world.after(0.5, lambda: setattr(bob, "filing", False))
    perform(stage, Plan(1, ("alice", "bob"), 20, tuple(steps)))
    assert stage.github.issues == {}


def test_who_lost_its_disk_files_nothing_before_all_of_a_book_larger_than_an_answer_is_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The only one that may file comes back a moment before the tick; what was muted is one entry among many."""
    monkeypatch.setattr(answering, "ANSWER_BYTES", 6_000)
    steps = [Step(0.0, "start", "alice"), Step(1.0, "start", "bob"), Step(300.0, "mute", "alice", "", 0.0, 1)]
    steps += [Step(1792.0, "lose", "bob", "", 1.0), Step(1793.5, "report", "bob/0", "1", 0.0, 5)]
    plan = Plan(1, ("alice", "bob"), 20, tuple(steps))
    stage = make(plan, None)
    alice = stage.mesh["alice"]
    others = [Ruling("mute", name(number), {"until": "forever"}, 1, "alice") for number in range(1_000, 1_500)]
    stage.world.after(10.0, lambda: alice.put([], others))
    stage.world.after(20.0, lambda: setattr(alice, "filing", False))
    perform(stage, plan)
    assert stage.github.issues == {}
    assert len(list(stage.mesh["bob"].known.book.rulings("mute"))) == len(others) + 1


class Dozing(FleetNode):
    """Alice falls asleep while it waits for an answer of sync, which comes meanwhile."""

    dozed = False

    def _ask_peer(self, place: str, steps: Pull, question: Question) -> None:
        super()._ask_peer(place, steps, question)
        if self.place == "alice" and self.world.now > START + 912.0 and not self.dozed:
            self.dozed = True
            self.sleep(START + 1804.5 - self.world.now)


def muted_while_alice_dozed() -> int:
    """How many issues are made of what was muted while the only one that may file slept until right before the tick."""
    steps = [Step(float(number), "start", name) for number, name in enumerate(("alice", "bob"))]
    steps += [Step(907.0, "report", "alice/0", "1", 0.0, 5), Step(930.0, "cut", "alice", "", 874.0)]
    steps += [Step(1000.0, "mute", "bob", "", 0.0, 1)]
    plan = Plan(1, ("alice", "bob"), 20, tuple(steps))
    stage = make(plan, Dozing)
    bob = stage.mesh["bob"]
    stage.world.after(0.5, lambda: setattr(bob, "filing", False))
    stage.world.after(908.0, lambda: setattr(bob.network, "weather", Weather(fastest=0.4, slowest=0.4)))
    perform(stage, plan)
    return len(stage.github.issues)


def test_a_comparison_that_began_before_the_sleep_does_not_settle_who_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert muted_while_alice_dozed() == 0
    monkeypatch.setattr(Settling, "STALE", 0.0)
    assert muted_while_alice_dozed() == 1


def test_two_machines_with_one_key_notice_each_other_and_neither_files_meanwhile() -> None:
    names = ("alice", "bob", "carol")
    starts = [Step(float(number), "start", name) for number, name in enumerate(names)]
    clone = Step(300.0, "clone", "alice", "", 1500.0)
    reports = [
        Step(310.0 + 10 * number, "report", f"{name}/0", "1", 0.0, 1)
        for number in range(130)
        for name in ("alice", "alice*")
    ]
    plan = Plan(1, names, 20, tuple(sorted([*starts, clone, *reports], key=lambda step: step.at)))
    stage = make(plan, None)
    noticed: list[bool] = []

    def look() -> None:
        two, bob = [stage.mesh["alice"], stage.mesh["alice*"]], stage.mesh["bob"]
        noticed.extend(node.copied and node.why_not() is Reason.COPIED for node in two)
        assert bob.fleet.peers.copied("alice", bob.elapsed)
        assert "alice" not in bob.fleet.peers.candidates(stage.github.repository, bob.elapsed)

    for after in (450.0, 890.0, 1500.0):
        stage.world.after(after, look)
    perform(stage, plan)
    assert noticed == [True] * 6
    assert stage.github.caller in ("bob", "carol")
    assert not stage.mesh["alice"].copied


@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_two_hours_ahead_for_a_while_makes_nothing_due_forgotten(restarts: bool) -> None:
    world = World(1)
    github = VirtualGitHub(world, Faults())
    node = SimNode(world, github)
    node.start()
    client = SimClient(world, node, "slow")
    world.after(400.0, lambda: client.report(1, 2))
    world.after(22.5 * HOUR, lambda: node.set_clock(2 * HOUR))
    if restarts:
        world.after(22.5 * HOUR + 200, node.crash)
        world.after(22.5 * HOUR + 500, node.crash)
    world.after(22.5 * HOUR + 420, lambda: node.set_clock(0.0))
    world.after(23 * HOUR, lambda: client.report(1, 1))
    world.run(START + 23.5 * HOUR)
    checks.the_lookback_is_whole([node], node.truth)
    checks.counts_are_exact([node], node.truth)
    checks.all_are_filed(node, github, {1})


@pytest.mark.parametrize("case", failed(), ids=lambda case: case.showed)
def test_what_once_broke_a_promise_does_so_no_more(case: Any) -> None:
    play(case.plan)


def test_a_seed_gives_the_same_run_in_any_process() -> None:
    code = "from tests.simulation.scenario import fleet; print(fleet(3).fingerprint)"
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    other = subprocess.run(
        [sys.executable, "-c", code], env={**environment, "PYTHONHASHSEED": "7"}, capture_output=True, check=True
    )
    assert other.stdout.decode().strip() == fleet(3).fingerprint


def test_a_run_that_breaks_a_promise_becomes_small() -> None:
    def breaks(plan: Plan) -> bool:
        try:
            play(plan, Polite)
        except Broken:
            return True
        return False

    plan = next(plan for plan in map(under(1, killed_at_commit, disk_fails), range(1, 9)) if breaks(plan))
    small = shrink(plan, breaks)
    assert breaks(small)
    assert len(small.steps) <= 4, [str(step) for step in small.steps]


@pytest.mark.parametrize("errors", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_a_storm_of_errors_due_at_once_is_filed_under_the_caps(errors: int) -> None:
    world = World(1)
    github = VirtualGitHub(world, Faults())
    github.on_change = lambda: checks.one_open_issue_per_root(github)
    node = SimNode(world, github)
    node.start()
    client = SimClient(world, node, "storm")
    for number in range(1, errors + 1):
        client.report(number, count=3)
    world.run(START + (errors // 50 + 2) * 86_400)  # 50 a day, and nothing occurs any more: all has left the lookback
    checks.all_are_filed(node, github, set(range(1, errors + 1)))
    checks.caps_are_respected(github, hour=20, day=50)
    checks.counts_are_exact([node], node.truth)
