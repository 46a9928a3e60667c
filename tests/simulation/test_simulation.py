"""Short runs of the simulator; `make simulate` runs many."""

import pytest

from tests.simulation import checks
from tests.simulation.client import SimClient
from tests.simulation.github import Faults, VirtualGitHub
from tests.simulation.node import SimNode
from tests.simulation.scenario import fleet, single_node, watch
from tests.simulation.world import START, World


@pytest.mark.parametrize("seed", range(1, 41))
def test_one_node_keeps_its_promises(seed: int) -> None:
    single_node(seed)


@pytest.mark.parametrize("seed", range(1, 11))
def test_a_fleet_keeps_its_promises(seed: int) -> None:
    fleet(seed)


def test_a_seed_gives_the_same_run_twice() -> None:
    assert single_node(7).timeline == single_node(7).timeline


def test_five_hundred_due_at_once_are_all_filed_under_the_caps() -> None:
    world = World(1)
    github = VirtualGitHub(world, Faults())
    node = SimNode(world, github)
    node.start()
    client = SimClient(world, node, "storm")
    for number in range(1, 501):
        client.report(number, count=3)
    watch(github)
    world.run(START + 12 * 86_400)  # 50 a day, and nothing occurs any more: all has long left the lookback
    checks.all_are_filed(node, github, set(range(1, 501)))
    checks.caps_are_respected(github, hour=20, day=50)
    checks.counts_are_exact(node, [client])
