"""What a fault strikes: a fleet at work, the cables between its nodes, its part of GitHub, and chance from a seed."""

import random
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from node.control.client import Refused, Unreachable
from tests.faults.program import Program
from tests.fleet.cables import Cables
from tests.fleet.fleet import Fleet, FleetNode, until
from tests.fleet.founding import Founded
from tests.fleet.namespaces import Namespaces

INTERVAL = 4  # seconds between two ticks of every node; longer than the last rank's wait
TAKEOVER_AGE = 5  # seconds; 10 minutes, shortened
PATIENCE = 300.0  # seconds for what has no deadline of its own, so that a broken run ends
LOOK = 0.5  # seconds between two looks at all nodes, which have other things to do
SETTINGS = f"""\
[bundle]
interval = "{INTERVAL}s"
[filing]
issues = true
takeover_age = "{TAKEOVER_AGE}s"
relist_gap = "1s"
scan_missing = 3
update_interval = "1s"
issues_per_hour = 100000
issues_per_day = 100000
[election]
takeover = "1s"
"""
OLD = "An old issue"  # title of those that make the list of ours longer than a page
PEOPLES = (OLD, "Opened between two pages")  # titles; the other one is what the switch PAG-01 opens
OFTEN = 999_999  # times; until it is mended


@dataclass
class Scene:
    """`programs` by the name of their node. `bugs`: those that occur for the first time in this round."""

    fleet: Fleet
    programs: dict[str, Program]
    wires: Cables | Namespaces
    founded: Founded
    directory: Path
    draw: random.Random
    bugs: list[int] = field(default_factory=list[int])
    working: bool = True  # whether programs report just now
    told: list[str] = field(default_factory=list[str])  # what a strike has to say about how it ran

    @property
    def names(self) -> list[str]:
        return list(self.fleet.nodes)

    @property
    def namespaces(self) -> Namespaces:
        assert isinstance(self.wires, Namespaces)
        return self.wires

    @property
    def cables(self) -> Cables:
        assert isinstance(self.wires, Cables)
        return self.wires

    def any_node(self) -> FleetNode:
        return self.fleet[self.draw.choice(self.names)]

    def others(self, name: str) -> list[str]:
        return [each for each in self.names if each != name]

    async def filer(self) -> FleetNode:
        """The one that is first in rank, as it says itself; else any."""
        for node in self.fleet.running:
            try:
                leader = (await node.status()).leader.get(self.fleet.hub.repository)
            except (Unreachable, Refused):
                continue
            if leader == node.peer:
                return node
        return self.any_node()

    async def while_(self, least: float, most: float) -> None:
        """Let some time pass, in seconds: when it strikes, and how long for, is what this is about."""
        await trio.sleep(self.draw.uniform(least, most))

    def fault(self, identifier: str, method: str = "", path: str = "", **options: Any) -> None:
        """Something goes wrong at GitHub. `path`: a regular expression of what follows the repository's own path."""
        place = {"method": method} if method else {}
        below = f"^/repos/{re.escape(self.fleet.hub.repository)}(?=/|$).*?"
        where = {"path": f"{below}{path}", "repository": self.fleet.hub.repository}  # this for what is done at once
        self.fleet.hub.fault(identifier, **where, **place, **options)

    async def met(self, identifier: str) -> FleetNode:
        """Who ran into this fault of GitHub's, as soon as somebody did."""
        found: list[str] = []

        async def look() -> bool:
            kept: list[dict[str, Any]] = await trio.to_thread.run_sync(self._requests)
            found[:] = [each["login"] for each in kept if each["switch"] == identifier and each["login"]]
            return bool(found)

        await eventually(look)
        return self.fleet[found[0]]

    async def hit(self, identifier: str, within: float) -> str:
        """How often this fault of GitHub's struck, as soon as it did; empty: not within so many seconds."""
        hits = 0

        async def look() -> bool:
            nonlocal hits
            standing = await trio.to_thread.run_sync(lambda: self.fleet.hub.steer("/faults", method="GET"))
            hits = sum(each["hits"] for each in standing if each["id"] == identifier)
            return hits > 0

        with suppress(trio.TooSlowError):
            await until(look, within, LOOK)
        return f"met {hits}" if hits else ""

    async def filed(self) -> None:
        """Until an issue of each bug of this round is there."""

        async def look() -> bool:
            every = await trio.to_thread.run_sync(self.issues)
            return all(any(numbered(issue) == bug for issue in every) for bug in self.bugs)

        await eventually(look)

    def issues(self) -> list[dict[str, Any]]:
        """Every issue there ever was in this repository, but for those that people open meanwhile."""
        every = self.fleet.hub.steer(f"/issues?repository={self.fleet.hub.repository}", method="GET")
        return [issue for issue in every if issue["title"] not in PEOPLES]

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Programs beside all nodes report the bugs of this round, and number 0, which occurs in every round."""

        async def report(program: Program) -> None:
            while True:
                if self.working:
                    program.report(self.draw.choice([0, *self.bugs]))
                await trio.sleep(self.draw.uniform(0.05, 0.3))

        async with trio.open_nursery() as nursery:
            for program in self.programs.values():
                program.report(0, *self.bugs)  # each becomes due, whatever chance says
                nursery.start_soon(report, program)
            yield
            nursery.cancel_scope.cancel()

    async def all_agree(self) -> None:
        """Work stops until all that was reported is acknowledged, and all nodes show it."""

        async def same() -> bool:
            done = all(program.done for program in self.programs.values())
            return done and all([await node.shown() == self.expected() for node in self.fleet])

        self.working = False
        try:
            await eventually(same)
        finally:
            self.working = True

    def expected(self) -> Counter[str]:
        """By signature, what every node must show in the end."""
        return sum((program.counts() for program in self.programs.values()), Counter[str]())

    async def acknowledged(self) -> None:
        """Until the nodes have taken all that was reported."""

        async def look() -> bool:
            return all(program.done for program in self.programs.values())

        await eventually(look)

    def _requests(self) -> list[dict[str, Any]]:
        return self.fleet.hub.steer("/requests", method="GET")


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    """Raises `trio.TooSlowError`. A node that does not answer just now is looked at again."""

    async def look() -> bool:
        with suppress(Unreachable, Refused):
            return await true()
        return False

    await until(look, PATIENCE, LOOK)


def numbered(issue: Mapping[str, Any]) -> int | None:
    """The number of the error that an issue is about."""
    found = re.match(r"Error(\d+)\b", issue["title"])
    return int(found[1]) if found else None
