"""The scenarios by name: from a seed to a run."""

from collections.abc import Callable

from tests.simulation import plan as plans
from tests.simulation.plan import Plan
from tests.simulation.story import Kind, play
from tests.simulation.world import World

SCENARIOS: dict[str, Callable[[int], Plan]] = {
    "single_node": plans.single,
    "fleet": plans.fleet,
    "settling": plans.settling,
    "upgrade": plans.upgrade,
}


def single_node(seed: int, kind: Kind | None = None) -> World:
    """A node with three programs under crashes, a full disk and every fault of GitHub."""
    return play(plans.single(seed), kind)


def fleet(seed: int, kind: Kind | None = None) -> World:
    """Several nodes under every fault of machines, clocks, disks, network, members, tokens and GitHub."""
    return play(plans.fleet(seed), kind)


def settling(seed: int, kind: Kind | None = None) -> World:
    """Who comes back without its disk hears what was ruled before it files."""
    return play(plans.settling(seed), kind)


def upgrade(seed: int, kind: Kind | None = None) -> World:
    """A rolling upgrade of the version of the signature files nothing twice."""
    return play(plans.upgrade(seed), kind)
