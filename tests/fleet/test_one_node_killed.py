"""A node that is killed right before or right after any step of filing: one open issue, counted right, once it is back.

A node is stopped at a request by a stand-in that says nothing: either the request was lost (killed before the step) or
only its answer was (killed after it). In flight, it arrives when the node that sent it is dead.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fleet.conftest import Start
from tests.fleet.filing_node import FilingNode
from tests.fleet.shop import Shop, count_in, eventually
from tests.fleet.stories import Story, tell
from tests.sender import error
from tests.stage.standin import Hub

SILENCE = 60.0  # seconds; longer than the node lives
ARRIVES = 5.0  # seconds after it was sent: long after the restart, sooner than the takeover age below


class Step(NamedTuple):
    """One request of filing: the `nth` of its kind. Where a slow machine gives an attempt up that may be another."""

    name: str
    method: str
    path: str
    nth: int = 1


LIST = Step("the list of the run", "GET", "/issues$")
READ_CLAIM = Step("the claim is read", "GET", "/git/ref/")
LOOK = Step("the list under the claim", "GET", "/issues$", nth=3)
COMMIT = Step("the claim's commit", "POST", "/git/commits$")
CLAIM = Step("the claim", "POST", "/git/refs$")
CREATE = Step("the issue", "POST", "/issues$")
COMMIT_FILED = Step("the commit that says filed", "POST", "/git/commits$", nth=2)
SAY_FILED = Step("the claim says filed", "PATCH", "/git/refs/")
WRITES = (COMMIT, CLAIM, CREATE, COMMIT_FILED, SAY_FILED)
STEPS = (LIST, READ_CLAIM, LOOK, *WRITES)
BEFORE, AFTER, IN_FLIGHT = ("FLT-02", SILENCE), ("FLT-01", SILENCE), ("SLOW", ARRIVES)


def stop_at(shop: Shop, step: Step, how: tuple[str, float], begin: Callable[[], object]) -> None:
    """`begin`, and wait until the node has come to this step; it goes no further."""
    fault, seconds = how
    shop.fault(fault, step.method, step.path, seconds=seconds, skip=step.nth - 1)
    begin()
    eventually(lambda: fault in shop.switches(step.method, step.path), f"{fault} at {step.name}")


def assert_one(shop: Shop, node: FilingNode, count: int) -> None:
    """One issue with this count, and claim, book and issue say the same."""
    row = node.wait_state("Error1", "filed")
    node.bundles()
    (issue,) = shop.issues()
    assert issue["state"] == "open"
    assert count_in(issue) == row["count"] == count
    assert row["issue"]["number"] == issue["number"]
    claim = shop.claim(row["root"])
    assert (claim["state"], claim["number"]) == ("filed", issue["number"])


def killed_at(step: Step, how: tuple[str, float]) -> Story:
    def story(shop: Shop, node: FilingNode) -> None:
        stop_at(shop, step, how, lambda: node.report(*[error(1)] * 3))
        node.restart()
        if how is IN_FLIGHT:
            eventually(lambda: arrived(shop, step), f"{step.name} arrives")
        assert_one(shop, node, 3)

    return story


def arrived(shop: Shop, step: Step) -> bool:
    """Whether what was slowed down was done."""
    return all(each["status"] for each in shop.requests(step.method, step.path) if each["switch"] == "SLOW")


def test_killed_right_before_any_step_one_issue_comes_of_it(hub: Hub, tmp_path: Path) -> None:
    assert tell(hub, tmp_path, {step.name: killed_at(step, BEFORE) for step in STEPS}) == []


def test_killed_right_after_any_step_one_issue_comes_of_it(hub: Hub, tmp_path: Path) -> None:
    assert tell(hub, tmp_path, {step.name: killed_at(step, AFTER) for step in STEPS}) == []


def test_a_write_that_arrives_when_its_sender_is_dead_makes_no_second_issue(hub: Hub, tmp_path: Path) -> None:
    stories = {step.name: killed_at(step, IN_FLIGHT) for step in WRITES}
    assert tell(hub, tmp_path, stories, {"filing.takeover_age": "6s"}) == []


def test_killed_at_one_step_after_the_other_one_issue_comes_of_it(shop: Shop, start: Start) -> None:
    node = start()
    stop_at(shop, COMMIT, AFTER, lambda: node.report(*[error(1)] * 3))
    for step in (CLAIM, CREATE, SAY_FILED):
        node.kill()
        stop_at(shop, step, AFTER, node.start)
    node.restart()
    assert_one(shop, node, 3)


ROUNDS = [5, pytest.param(20, marks=pytest.mark.slow)]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_killed_at_random_moments_while_it_files_every_error_gets_one_issue(
    shop: Shop, start: Start, rounds: int
) -> None:
    chance = random.Random(rounds)
    node = start()
    for number in range(rounds):
        node.report(*[error(each) for each in range(5 * number, 5 * number + 5)] * 3)
        time.sleep(chance.uniform(0.0, 1.5))
        node.restart()
    every = 5 * rounds
    eventually(lambda: sum(each["state"] == "filed" for each in node.errors()) == every, "all filed", shown=node.story)
    assert len(shop.issues()) == len(shop.open_issues()) == every
    assert [count_in(each) for each in shop.issues()] == [3] * every
    assert {each["issue"]["number"] for each in node.errors()} == {each["number"] for each in shop.issues()}
