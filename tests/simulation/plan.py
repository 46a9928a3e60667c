"""What is to happen in one run, drawn from a seed before it begins: who is there, what is reported, what goes wrong.

A plan is a value: a list of steps with their times. The run does nothing by itself but what the steps say (and the luck
of each message under the weather that they make), so a plan that breaks a promise can be made smaller step by step, and
what is left tells how it came about.
"""

import random
from collections.abc import Callable

import msgspec

ERRORS = 6  # different ones
NAMES = ("alice", "bob", "carol", "dave", "erin")
TROUBLE = 1.5 * 3600.0  # seconds of reports and faults

CALLS = ("ListIssues", "HighestNumber", "ReadClaim", "Intend", "CreateClaim", "AdvanceClaim", "CreateIssue", "Note")
POINTS = (
    *("now", "now", "before counts", "after counts", "before book", "after book", "before pages", "after pages"),
    *(f"{side} {call}" for call in CALLS for side in ("before", "after")),
    *("before CreateIssue", "after CreateIssue", "after CreateClaim", "after AdvanceClaim"),
)
WEATHER = ("loss", "double", "slowest")
GITHUB = ("lost_request", "lost_answer", "refused", "list_lag", "stale_ref", "slow", "down", "all", "writes")
PEOPLE = ("close", "not planned", "reopen", "delete", "retitle", "unlabel", "unmark", "reopen duplicate")


class Step(msgspec.Struct, frozen=True, array_like=True):
    """Something that happens `at` seconds after the start. `seconds`: for how long; `amount`: how much, or which."""

    at: float
    kind: str
    who: str = ""
    what: str = ""
    seconds: float = 0.0
    amount: float = 0.0

    def __str__(self) -> str:
        size = f"{self.amount:g}" if self.amount else ""
        span = f"for {self.seconds:.0f} s" if self.seconds else ""
        return " ".join(filter(None, [self.kind, self.who, self.what, size, span]))


class Plan(msgspec.Struct, frozen=True, array_like=True):
    """One run."""

    seed: int
    nodes: tuple[str, ...]
    caps: int  # issues an hour
    steps: tuple[Step, ...]


def single(seed: int) -> Plan:
    """One node, without a network, under crashes, a full disk and every fault of GitHub."""
    draw = random.Random(f"single {seed}")
    faults = [crash, crash, crash, sleep, full, restart, github, github, github, person, clock]
    return drawn(seed, draw, 1, faults, draw.randint(2, 12))


def fleet(seed: int) -> Plan:
    """Several nodes under everything."""
    draw = random.Random(f"fleet {seed}")
    faults = [
        *(crash, crash, crash, sleep, sleep, slow, full, restart, clock, backup, lose, restore),
        *(weather, weather, cut, cut, deaf, garbage, flood, github, github, github, github),
        *(person, token, token, clone, mute),
    ]
    return drawn(seed, draw, draw.randint(2, len(NAMES)), faults, draw.randint(3, 24))


def settling(seed: int) -> Plan:
    """A node whose disk was lost comes back at a tick, and is told at once what was muted long ago."""
    draw = random.Random(f"settling {seed}")
    nodes = NAMES[: draw.randint(2, 4)]
    steps = [Step(draw.uniform(0, 300), "start", name) for name in nodes]
    for number in (1, 2):
        who, back = draw.choice(nodes), draw.choice([1800.0, 2700.0, 3600.0]) - draw.uniform(1, 20)
        steps.append(Step(draw.uniform(400, 800), "mute", draw.choice(nodes), "", 0.0, number))
        steps.append(Step(back - 60, "weather", "", "slowest", 180.0, 10.0))  # so that it takes a while to hear of it
        steps.append(Step(back, "lose", who, "", 1.0))
        steps += [Step(back + 1.5, "report", f"{who}/0", str(number), 0.0, 5)]
    return Plan(seed, nodes, 20, tuple(sorted(steps, key=lambda step: step.at)))


def upgrade(seed: int) -> Plan:
    """One node after the other starts again as a version that names errors in another way; some faults besides."""
    draw = random.Random(f"upgrade {seed}")
    faults = [crash, restart, sleep, cut, weather, github, lose, backup, restore]
    plan = drawn(seed, draw, draw.randint(2, 4), faults, draw.randint(0, 6))
    begin, gap = draw.uniform(600, 2400), draw.choice([30.0, 600.0, 1200.0])
    steps = [Step(begin + number * gap, "upgrade", name, "s2") for number, name in enumerate(plan.nodes)]
    if draw.random() < 0.3:
        steps.pop()  # the last one never is
    return msgspec.structs.replace(plan, steps=tuple(sorted([*plan.steps, *steps], key=lambda step: step.at)))


Fault = Callable[[random.Random, tuple[str, ...], float], Step]


def drawn(seed: int, draw: random.Random, size: int, faults: list[Fault], how_many: int) -> Plan:
    """A plan of so many nodes, programs that report at any time, and so many of these faults."""
    nodes = NAMES[:size]
    steps = [Step(draw.uniform(0, 300) if size > 1 else 0.0, "start", name) for name in nodes]
    for name in nodes:
        for program in range(2 if size > 1 else 3):
            for _ in range(draw.randint(3, 20)):
                count = draw.choice([1, 1, 1, 2, 5])
                steps.append(
                    Step(
                        draw.uniform(0, TROUBLE), "report", f"{name}/{program}", f"{draw.randint(1, ERRORS)}", 0, count
                    )
                )
    kinds = draw.sample(
        faults, draw.randint(min(2, len(faults)), min(8, len(faults)))
    )  # a few at a time, so that each comes in force
    for _ in range(how_many):
        steps.append(draw.choice(kinds)(draw, nodes, draw.uniform(0, TROUBLE)))
    return Plan(seed, nodes, draw.choice([20, 20, 3]), tuple(sorted(steps, key=lambda step: step.at)))


# Processes and machines.


def crash(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "crash", draw.choice(nodes), draw.choice(POINTS), draw.choice([1.0, 5.0, 60.0, 1200.0]))


def sleep(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "sleep", draw.choice(nodes), draw.choice(POINTS), draw.choice([15.0, 30.0, 300.0, 660.0, 1500.0]))


def slow(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "slow", draw.choice(nodes), "", draw.choice([300.0, 1800.0]), draw.choice([0.2, 1.0, 4.0]))


def restart(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "crash", draw.choice(nodes), "now", 2.0)


def clock(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    ahead = draw.choice([-7200.0, -3000.0, -600.0, -5.0, 5.0, 600.0, 3000.0, 7200.0])
    return Step(at, "clock", draw.choice(nodes), "", 0.0, ahead)


def full(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "full", draw.choice(nodes), "", draw.choice([10.0, 300.0, 1800.0]))


def backup(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "backup", draw.choice(nodes))


def lose(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "lose", draw.choice(nodes), "", draw.choice([1.0, 60.0, 1200.0]))


def restore(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    """A state of some time ago: the one that was kept last, or an earlier one."""
    return Step(at, "restore", draw.choice(nodes), "", draw.choice([1.0, 60.0]), draw.uniform(0, 0.99))


def clone(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "clone", draw.choice(nodes), "", draw.choice([60.0, 1800.0]))


def mute(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "mute", draw.choice(nodes), "", 0.0, draw.randint(1, ERRORS))


# The network.


def weather(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    what = draw.choice(WEATHER)
    amount = {"loss": draw.choice([0.1, 0.3, 0.9]), "double": 0.3, "slowest": draw.choice([1.0, 10.0])}[what]
    return Step(at, "weather", "", what, draw.choice([300.0, 1800.0]), amount)


def cut(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    aside = [name for name in nodes if draw.random() < 0.5]
    return Step(at, "cut", " ".join(aside), "", draw.choice([60.0, 900.0, 2400.0]))


def deaf(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    """`who` does not hear `what`, which hears it."""
    who, what = draw.sample(nodes, 2)
    return Step(at, "deaf", who, what, draw.choice([300.0, 2400.0]))


def garbage(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "garbage", draw.choice(nodes), draw.choice(["bytes", "bent", "stranger"]), 0.0, 20)


def flood(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "flood", draw.choice(nodes), draw.choice(["presence", "pages", "book"]), 0.0, 200)


# GitHub and people.


def github(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    what = draw.choice(GITHUB)
    amount = {"list_lag": draw.choice([30.0, 500.0]), "slow": draw.choice([5.0, 40.0])}.get(
        what, draw.uniform(0.1, 0.9)
    )
    return Step(at, "github", "", what, draw.choice([60.0, 900.0, 2400.0]), round(amount, 2))


def person(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    return Step(at, "person", "", draw.choice(PEOPLE), 0.0, draw.randint(0, ERRORS - 1))


def token(draw: random.Random, nodes: tuple[str, ...], at: float) -> Step:
    what = draw.choice(["revoked", "no refs", "no filing"])
    return Step(at, "token", draw.choice(nodes), what, draw.choice([300.0, 2400.0, 1e5]))
