"""One run of a plan: it goes wrong for a while, is healed, and the promises are checked all the time and in the end."""

from collections import Counter
from collections.abc import Callable

import msgspec

from aggregator.filing.marker import read_issue_marker
from aggregator.filing.settings import Caps
from tests.simulation import checks
from tests.simulation.director import Director, Stage
from tests.simulation.fleetnode import FleetNode
from tests.simulation.github import Faults, VirtualGitHub
from tests.simulation.network import Network
from tests.simulation.node import WINDOW, SimNode
from tests.simulation.plan import TROUBLE, Plan
from tests.simulation.truth import Truth, error_of
from tests.simulation.world import START, World

THRESHOLD = 3
LONGEST = 8 * 3600.0  # seconds of healing: every takeover age, cap and deferred window has passed by then

Kind = type[SimNode]


class Broken(AssertionError):
    """A promise was broken; `timeline` tells how it came to that."""

    def __init__(self, text: str, timeline: list[str]) -> None:
        super().__init__(text)
        self.timeline = timeline


def play(plan: Plan, kind: Kind | None = None) -> World:
    """Run it. Returns the world as it ended, or raises `Broken`. `kind`: of the nodes, where a test bends them."""
    stage = make(plan, kind)
    try:
        perform(stage, plan)
    except AssertionError as error:
        stage.world.tell(f"BROKEN   {error}".split("\n", 1)[0])
        raise Broken(str(error).split("\n", 1)[0], stage.world.timeline) from error
    return stage.world


def make(plan: Plan, kind: Kind | None = None) -> Stage:
    """The nodes of a plan, none of them started."""
    world, truth = World(plan.seed), Truth()
    github = VirtualGitHub(world, Faults())
    stage = Stage(world, truth, github, Network(world), plan.caps)
    for name in plan.nodes:
        if len(plan.nodes) == 1:
            node = alone(kind)(world, github, name, truth)
        else:
            made: type[FleetNode] = kind if kind is not None and issubclass(kind, FleetNode) else FleetNode
            node = made(world, github, stage.network, stage.mesh, name, truth)
            others = [each for each in plan.nodes if each != name]
            node.neighbours = world.draw("overlay").sample(others, min(len(others), 3))
        node.settings = msgspec.structs.replace(node.settings, caps=Caps(plan.caps, 50))
        stage.nodes[name] = node
    github.on_change = lambda: at_a_change(stage)
    return stage


def alone(kind: Kind | None) -> Kind:
    return SimNode if kind is None else kind


def at_a_change(stage: Stage) -> None:
    """An issue was made or opened."""
    github = stage.github
    checks.one_open_issue_per_root(github, github.excused)
    newest = github.issues[max(github.issues)].issue
    caller, marker = stage.mesh.get(github.caller), read_issue_marker(checks.KEY, newest.body)
    if newest.created_at != stage.world.now or newest.number in github.excused:
        return
    checks.there_was_room(github, stage.caps)
    if caller is not None and marker is not None:
        checks.nothing_muted_is_filed(caller, marker[0])


def perform(stage: Stage, plan: Plan) -> None:
    """Raises `AssertionError` where a promise is broken."""
    world, director = stage.world, Director(stage)
    for step in plan.steps:
        world.after(step.at, lambda s=step: director.play(s))
    every(world, WINDOW / 3, lambda: during(stage))
    world.run(START + TROUBLE)
    director.heal()
    last = world.now + LONGEST
    while world.now < last and not quiet(stage):
        world.run(world.now + WINDOW)
    world.run(world.now + WINDOW + 120)  # one further tick changes nothing
    in_the_end(stage)


def every(world: World, seconds: float, check: Callable[[], None]) -> None:
    def again() -> None:
        check()
        world.after(seconds, again)

    world.after(seconds, again)


def during(stage: Stage) -> None:
    """What must hold at any time."""
    for node in stage.nodes.values():
        if node.life.alive:
            checks.nothing_is_counted_twice(node, stage.truth)
            checks.memory_is_bounded(node)
    for node in stage.mesh.values():
        if node.life.alive and node.name not in stage.copied:
            checks.it_is_the_only_one(node)


def quiet(stage: Stage) -> bool:
    """Whether all has come to rest, as far as can be seen from outside."""
    try:
        in_the_end(stage)
    except AssertionError:
        return False
    return True


def in_the_end(stage: Stage) -> None:
    """What must hold after healing."""
    nodes = list(stage.nodes.values())
    assert all(node.life.alive and not node.asleep for node in nodes), "a node is not there"
    checks.settled(stage.clients.values())
    checks.counts_are_exact(nodes, stage.truth)
    checks.the_lookback_is_whole(nodes, stage.truth)
    if stage.mesh:
        checks.they_agree([stage.mesh[place] for place in stage.mesh])
    checks.one_open_issue_per_root(stage.github)
    due = due_numbers(stage)
    for node in nodes:
        checks.all_are_filed(node, stage.github, due)
    during(stage)


def due_numbers(stage: Stage) -> set[int]:
    """The errors that occurred often enough, as all nodes count them."""
    counts: Counter[str] = Counter()
    ledger = next(iter(stage.nodes.values())).known.ledger
    for signature in ledger.signatures():
        counts[error_of(signature)] += ledger.count(signature)
    return {int(error, 16) for error, count in counts.items() if count >= THRESHOLD}
