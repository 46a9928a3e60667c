"""One run: clients report, processes are killed, GitHub misbehaves; then all is healed and the promises are checked."""

from tests.simulation import checks
from tests.simulation.client import SimClient
from tests.simulation.github import Faults, VirtualGitHub
from tests.simulation.node import SimNode
from tests.simulation.world import START, World

ERRORS = 6
TROUBLE = 3 * 3600.0  # seconds of faults
HEALING = 4 * 3600.0  # seconds without, enough for every takeover age and cap


def single_node(seed: int) -> World:
    """A node with three clients under crashes and every fault of GitHub. Raises AssertionError on a broken promise."""
    world = World(seed)
    rng = world.random
    faults = Faults(
        lost_request=rng.uniform(0, 0.08),
        lost_answer=rng.uniform(0, 0.15),
        refused=rng.uniform(0, 0.05),
        list_lag=rng.choice([0.0, 30.0, 500.0]),
        stale_ref=rng.uniform(0, 0.2),
    )
    github = VirtualGitHub(world, faults)
    node = SimNode(world, github)
    node.crash_chance = rng.choice([0.0, 0.01, 0.05])
    node.start()
    clients = [SimClient(world, node, f"session {n}") for n in range(3)]
    for client in clients:
        for _ in range(rng.randint(20, 80)):
            world.after(rng.uniform(0, TROUBLE), lambda c=client: c.report(rng.randint(1, ERRORS)))
    watch(github)
    world.run(START + TROUBLE)
    heal(github, node)
    world.run(START + TROUBLE + HEALING)
    checks.counts_are_exact(node, clients)
    due = {n for n in range(1, ERRORS + 1) if sum(c.sent.get(n, 0) for c in clients) >= node.policy.threshold}
    checks.all_are_filed(node, github, due)
    checks.caps_are_respected(github, node.settings.caps.hour, node.settings.caps.day)
    return world


def watch(github: VirtualGitHub) -> None:
    """Check whenever an issue is made or opened what must hold at any time."""

    github.on_change = lambda: checks.one_open_issue_per_root(github)


def heal(github: VirtualGitHub, node: SimNode) -> None:
    github.faults = Faults()
    node.crash_chance = 0.0
