"""One round: the fleet works, the fault strikes, everything is mended, and what came of it is counted.

What must be true afterwards, on a fleet in which all nodes run and reach each other: every bug that ever occurred has
one open issue and had no other; every node shows the exact number of acknowledged occurrences of every error, and the
same issue for it; and another tick of all nodes changes none of that.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import trio

from tests.faults.scene import PATIENCE, Scene, eventually, numbered
from tests.fleet.fleet import FleetNode, all_of, difference, together

BUGS = 2  # new ones each round, besides one that occurs in all
WORDS = 500  # characters of what a step that failed says; a node's whole log may be in it
TOLD = 3  # wrong counts of one node that are told one by one


@dataclass
class Outcome:
    """Of one round, or the sum of several."""

    rounds: int = 0
    issues_expected: int = 0
    issues_found: int = 0  # bugs with exactly one open issue
    duplicates: int = 0  # issues beyond one for a bug, closed or not
    counts_wrong: int = 0  # pairs of node and error
    lost: int = 0  # acknowledged occurrences that a node does not show; the worst node
    occurrences: int = 0
    seconds: float = 0.0
    steps: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])  # what each took, in seconds
    trouble: list[str] = field(default_factory=list[str])

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})

    def kept(self, doubles: bool = False) -> bool:
        """Whether the promises held. `doubles`: the fault itself makes second issues, which are closed."""
        exact = not (self.counts_wrong or self.lost or self.trouble)
        return exact and self.issues_found == self.issues_expected and (doubles or not self.duplicates)


async def run_round(scene: Scene, strike: Callable[[Scene], Awaitable[None]], number: int) -> Outcome:
    began, outcome = time.monotonic(), Outcome(rounds=1)
    first = 1 + number * BUGS
    scene.bugs = list(range(first, first + BUGS))
    before = scene.expected().total()
    await trio.to_thread.run_sync(lambda: scene.fleet.hub.steer("/requests", method="DELETE"))
    async with scene.at_work():
        await _noted(outcome, "the strike", lambda: strike(scene))
        await _noted(outcome, "mended", lambda: mend(scene))
    await _noted(outcome, "acknowledged", scene.acknowledged)
    expected = scene.expected()
    outcome.occurrences = expected.total() - before
    await _noted(outcome, "all see each other", lambda: eventually(scene.fleet.all_linked))
    await _noted(outcome, "counts are equal", lambda: eventually(lambda: all_show(scene, expected)))
    await _noted(outcome, "each bug is filed", lambda: eventually(lambda: settled(scene, expected)))
    await _noted(outcome, "another tick", lambda: tick(scene))
    await judge(scene, expected, outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


async def _noted(outcome: Outcome, what: str, step: Callable[[], Awaitable[None]]) -> None:
    """A step that fails is told; what is true in spite of it is judged all the same."""
    began = time.monotonic()
    try:
        await step()
    except trio.TooSlowError:
        outcome.trouble.append(f"not in {PATIENCE:.0f} s: {what}")
    except Exception as error:  # the border that isolates a round: the next ones run all the same
        outcome.trouble.append(f"{what}: {error!r}"[:WORDS])
    outcome.steps.append((what, round(time.monotonic() - began, 1)))


async def mend(scene: Scene) -> None:
    """Everything is as it was: cables, GitHub, and all nodes run."""
    scene.wires.heal()
    await trio.to_thread.run_sync(scene.fleet.hub.calm)
    for node in scene.fleet:
        if node.alive():
            node.thaw()
    for node in scene.fleet:
        if not node.alive():
            node.kill()
    await scene.fleet.start(*(node.name for node in scene.fleet if not node.runs))


async def all_show(scene: Scene, expected: Mapping[str, int]) -> bool:
    return all([await node.shown() == expected for node in scene.fleet])


async def settled(scene: Scene, expected: Mapping[str, int]) -> bool:
    """Whether every node names the one open issue of every error."""
    return await all_of(_knows(scene, node, len(expected)) for node in scene.fleet)


async def _knows(scene: Scene, node: FleetNode, errors: int) -> bool:
    rows = await node.errors()
    every = await trio.to_thread.run_sync(scene.issues)
    there = {issue["number"] for issue in every if issue["state"] == "open"}
    named = {row.issue.number for row in rows if row.issue}
    return len(rows) == errors == len(there) and named == there


async def tick(scene: Scene) -> None:
    await together(lambda node: node.bundle(), scene.fleet)


async def judge(scene: Scene, expected: Mapping[str, int], outcome: Outcome) -> None:
    """Count what there is."""
    count_issues(outcome, scene.bugs, await trio.to_thread.run_sync(scene.issues))
    for node in scene.fleet:
        count_counts(outcome, node.name, expected, await node.shown())


def count_issues(outcome: Outcome, new: Sequence[int], issues: Iterable[Mapping[str, Any]]) -> None:
    """`new`: the bugs of this round. Those of the rounds before (and 0, of all rounds) have their issue already."""
    every = list(issues)
    ever = Counter(numbered(issue) for issue in every)
    there = Counter(numbered(issue) for issue in every if issue["state"] == "open")
    first = new[0] == 1
    ours = [0, *new] if first else new
    outcome.issues_expected += len(ours)
    outcome.issues_found += sum(there[bug] == 1 for bug in ours)
    outcome.duplicates += sum(ever[bug] - 1 for bug in ours if ever[bug])
    known = [0, *range(1, new[-1] + 1)]
    wrong = [bug for bug in known if there[bug] != 1]
    strange = [bug for bug in ever if bug not in known]
    if wrong or strange:
        outcome.trouble.append(f"not one open issue of the errors {wrong}; issues about {strange}")


def count_counts(outcome: Outcome, name: str, expected: Mapping[str, int], shown: Mapping[str, int]) -> None:
    """What the node `name` shows, against what programs were told was counted."""
    wrong = difference(expected, shown)
    outcome.counts_wrong += len(wrong)
    outcome.lost = max(outcome.lost, sum(max(0, should - does) for does, should in wrong.values()))
    for each, (does, should) in list(wrong.items())[:TOLD]:
        outcome.trouble.append(f"{name} shows {does} of {should} of {each}")
