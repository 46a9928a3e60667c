"""One run: clients report, processes are killed, GitHub misbehaves; then all is healed and the promises are checked."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from tests.simulation import checks
from tests.simulation.client import SimClient
from tests.simulation.fleetnode import FleetNode
from tests.simulation.github import Faults, VirtualGitHub
from tests.simulation.network import Network, Weather
from tests.simulation.node import SimNode
from tests.simulation.world import START, World

ERRORS = 6
THRESHOLD = 3
NAMES = ["alice", "bob", "carol", "dave", "erin"]
TROUBLE = 3 * 3600.0  # seconds of faults
HEALING = 4 * 3600.0  # seconds without, enough for every takeover age and cap


class Broken(AssertionError):
    """A promise was broken; `timeline` tells how it came to that."""

    def __init__(self, text: str, timeline: list[str]) -> None:
        super().__init__(text)
        self.timeline = timeline


P = ParamSpec("P")

SCENARIOS: dict[str, Callable[[int], World]] = {}


def scenario(body: Callable[Concatenate[World, P], None]) -> Callable[Concatenate[int, P], World]:
    """Make `body` a scenario: called with a seed it returns the world as it ended, or raises `Broken`."""

    @wraps(body)
    def play(seed: int, *args: P.args, **kwargs: P.kwargs) -> World:
        world = World(seed)
        try:
            body(world, *args, **kwargs)
        except AssertionError as error:
            raise Broken(str(error).split("\n", 1)[0], world.timeline) from error
        return world

    SCENARIOS[body.__name__] = play
    return play


@scenario
def single_node(world: World, kind: type[SimNode] = SimNode) -> None:
    """A node with three clients under crashes, a full disk and every fault of GitHub."""
    rng = world.random
    github = VirtualGitHub(world, bad_day(world))
    node = kind(world, github)
    node.crash_chance, node.full_disk = rng.choice([0.0, 0.01, 0.05]), rng.choice([0.0, 0.1])
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


@scenario
def fleet(world: World) -> None:
    """Several nodes under crashes, partitions, a bad network and every fault of GitHub."""
    rng = world.random
    github = VirtualGitHub(world, bad_day(world))
    network = Network(world, Weather(loss=rng.choice([0.0, 0.1, 0.3]), double=0.05, slowest=rng.choice([0.1, 1.0])))
    nodes: dict[str, FleetNode] = {}
    for name in NAMES[: rng.randint(2, len(NAMES))]:
        FleetNode(world, github, network, nodes, name)
    for node in nodes.values():
        others = [n for n in nodes if n != node.name]
        node.neighbours = rng.sample(others, min(len(others), 3))
        node.crash_chance = rng.choice([0.0, 0.0, 0.001, 0.01])
        world.after(rng.uniform(0, 600), node.start)
    clients = [SimClient(world, node, f"{node.name} {n}") for node in nodes.values() for n in range(2)]
    for client in clients:
        for _ in range(rng.randint(5, 30)):
            world.after(rng.uniform(0, TROUBLE), lambda c=client: c.report(rng.randint(1, ERRORS)))
    for _ in range(rng.randint(0, 3)):
        cut(world, network, list(nodes))
    watch(github)
    world.run(START + TROUBLE)
    network.sides, network.weather = {}, Weather()
    github.faults = Faults()
    for node in nodes.values():
        node.crash_chance = 0.0
    world.run(START + TROUBLE + HEALING)
    checks.counts_agree(list(nodes.values()), clients)
    due = {n for n in range(1, ERRORS + 1) if sum(c.sent.get(n, 0) for c in clients) >= THRESHOLD}
    for node in nodes.values():
        checks.all_are_filed(node, github, due)
    settings = next(iter(nodes.values())).settings
    checks.caps_are_respected(github, settings.caps.hour, settings.caps.day)


def bad_day(world: World) -> Faults:
    """Some faults of GitHub, drawn by the world."""
    rng = world.random
    return Faults(
        lost_request=rng.uniform(0, 0.08),
        lost_answer=rng.uniform(0, 0.15),
        refused=rng.uniform(0, 0.05),
        list_lag=rng.choice([0.0, 30.0, 500.0]),
        stale_ref=rng.uniform(0, 0.2),
    )


def cut(world: World, network: Network, names: list[str]) -> None:
    """A partition into two sides at some time, for a while."""
    rng = world.random
    begin, length = rng.uniform(0, TROUBLE), rng.choice([60.0, 1800.0])
    sides = {name: rng.randint(0, 1) for name in names}

    def part() -> None:
        network.sides = sides
        world.tell(f"cut: {sides}")

    def mend() -> None:
        network.sides = {}
        world.tell("mended")

    world.after(begin, part)
    world.after(begin + length, mend)


def watch(github: VirtualGitHub) -> None:
    """Check whenever an issue is made or opened what must hold at any time."""

    github.on_change = lambda: checks.one_open_issue_per_root(github)


def heal(github: VirtualGitHub, node: SimNode) -> None:
    github.faults = Faults()
    node.crash_chance = node.full_disk = 0.0
