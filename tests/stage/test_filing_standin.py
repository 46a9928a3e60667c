"""The real procedure, the real PyGithub, the stand-in: whatever single thing goes wrong, one bug is one issue.

Time is the test's: between two runs the clock jumps past the waits of the procedure, so that nothing here sleeps.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import pytest
import trio

from aggregator.book import Fact, FactKey, Standing
from aggregator.bundle import Bundle
from aggregator.filing.case import Case, Memory, Outcome
from aggregator.filing.claim import Claim
from aggregator.filing.run import Run, run
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from aggregator.tally import Total
from node.filing import drive
from tests.stage.github_world import ROOT, SHOP, World, github_world

NOW = 1_800_000_000.0
TOTAL = Total(
    count=5,
    first=NOW - 600,
    last=NOW - 10,
    severity=1,
    title="ValueError: bad amount",
    kin="0" * 16,
    nodes=frozenset({"node-a"}),
    services={"checkout": 5},
    releases={},
    samples=(),
)
BUNDLE = Bundle(ROOT, frozenset({ROOT}), SHOP, 0, NOW - 100, (ROOT,), TOTAL, 5)
ROUNDS = 8  # runs in which the matter must be settled


@dataclass
class Filer:
    """One process of one node: what it remembers, and its clock."""

    world: World
    name: str
    passed: float = 0.0
    memories: dict[str, Memory] = field(default_factory=dict[str, Memory])
    facts: list[tuple[FactKey, Fact]] = field(default_factory=list[tuple[FactKey, Fact]])

    def now(self) -> float:
        return NOW + self.passed

    def elapsed(self) -> float:
        return self.passed

    async def read_sample(self, samples: tuple[str, ...]) -> None:
        return None

    async def intend(self, claim: Claim) -> None:
        await trio.lowlevel.checkpoint()

    async def note(self, key: FactKey, fact: Fact) -> None:
        self.facts.append((key, fact))

    async def rule(self, kind: str, subject: str, value: Any) -> None:
        raise AssertionError(f"nothing is ruled here: {kind} {subject} {value}")

    async def file(self) -> Outcome:
        """One run, as a fresh client would make it: GitHub's wish to be left alone is over by the next run."""
        settings = Settings(node=self.name, login="fleet-bot", marker_key=b"k" * 32)
        case = Case(BUNDLE, self.now(), f"{self.name}-{self.passed}")
        work = Run(SHOP, (case,), str, self.now())
        steps = run(work, self.memories, settings)
        return (await drive(steps, self.world.github(), self, self))[0]

    async def settle(self) -> Outcome:
        """Run until the issue is filed, waiting between runs as long as is asked."""
        last = await self.file()
        for _ in range(ROUNDS):
            if last.state == "filed":
                return last
            self.passed += max(last.again, 60.0) + 1.0
            last = await self.file()
        raise AssertionError(f"not settled: {last}")


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    async with github_world() as made:
        yield made


async def open_issues(world: World) -> list[int]:
    return [issue["number"] for issue in await world.issues() if issue["state"] == "open"]


async def test_a_root_becomes_one_issue_and_is_found_again(world: World) -> None:
    first = await Filer(world, "alice").file()
    second = await Filer(world, "bob").file()
    assert (first.reason, first.number) == (Reason.CREATED, 1)
    assert (second.reason, second.number) == (Reason.FOUND, 1)
    assert len(await world.asked("POST", f"/repos/{SHOP}/issues")) == 1


FAULTS = [
    {"identifier": "FLT-01"},
    {"identifier": "FLT-02"},
    {"identifier": "FLT-03", "when": "before"},
    {"identifier": "FLT-03", "when": "after", "status": 504},
    {"identifier": "RTE-01"},
    {"identifier": "RTE-02", "status": 429},
    {"identifier": "RTE-02", "retry_after": 3},
]
PLACES = [
    ("GET", "*/issues"),
    ("GET", "*/git/ref/*"),
    ("POST", "*/git/commits"),
    ("POST", "*/git/refs"),
    ("POST", "*/issues"),
    ("PATCH", "*/git/refs/*"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(str(value) for value in fault.values()))
@pytest.mark.parametrize("place", PLACES, ids=lambda place: " ".join(place))
async def test_one_thing_goes_wrong_once_and_one_issue_comes_of_it(
    world: World, place: tuple[str, str], fault: dict[str, Any]
) -> None:
    await world.fault(method=place[0], path=place[1], times=4 if place[0] == "GET" else 1, **fault)
    alice, bob = Filer(world, "alice"), Filer(world, "bob")
    await alice.file()
    await bob.file()
    settled = await alice.settle()
    assert (await bob.settle()).number == settled.number
    assert await open_issues(world) == [settled.number]
    assert len(await world.issues()) == 1
    claimed = [fact for _, fact in alice.facts if fact.standing is Standing.FILED]
    assert {fact.number for fact in claimed} == {settled.number}


async def test_a_created_issue_that_no_list_shows_is_found_by_its_number(world: World) -> None:
    """The answer is lost, and the list lags for longer than every wait: reading by number does not."""
    await world.fault("FLT-01", "POST", "*/issues")
    await world.fault("FLT-04", seconds=3600)
    settled = await Filer(world, "alice").settle()
    assert settled.reason is Reason.FOUND
    assert len(await world.asked("POST", f"/repos/{SHOP}/issues")) == 1


async def test_who_starts_again_never_creates_on_a_claim_of_its_former_self(world: World) -> None:
    await world.fault("FLT-01", "POST", "*/issues")
    await world.fault("FLT-04", seconds=3600)
    await Filer(world, "alice").file()
    again = await Filer(world, "alice").file()
    assert again.state == "waiting"
    assert len(await world.asked("POST", f"/repos/{SHOP}/issues")) == 1


async def test_many_who_file_at_once_make_one_issue(world: World) -> None:
    filers = [Filer(world, name) for name in ("alice", "bob", "carol", "dave")]
    async with trio.open_nursery() as nursery:
        for filer in filers:
            nursery.start_soon(filer.file)
    numbers = {(await filer.settle()).number for filer in filers}
    assert len(numbers) == 1
    assert await open_issues(world) == list(numbers)
    assert len(await world.asked("POST", f"/repos/{SHOP}/issues")) == 1
