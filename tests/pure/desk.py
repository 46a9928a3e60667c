"""A node's filing, driven by hand: a test may do what it likes before and after every single call.

Time is virtual and moves only when told, apart from a third of a second for each call to GitHub. A `Desk` is one
process: `restarted` is the next one on the same disk.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from aggregator.agenda import Knowledge, cases, newly_due, next_run, take_changed, unsettled
from aggregator.author import Author
from aggregator.book import Book, Fact, FactKey, Standing
from aggregator.due import Policy
from aggregator.filing.calls import (
    Call,
    Elapsed,
    Failure,
    Intend,
    Note,
    NotSent,
    ReadSample,
    Rejected,
    Rule,
    Steps,
    Unsure,
)
from aggregator.filing.case import Memory, Outcome
from aggregator.filing.claim import Claim
from aggregator.filing.run import Run, run
from aggregator.filing.settings import Settings
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.page import Origin
from aggregator.reason import Reason
from aggregator.record import ErrorRecord
from aggregator.rulings import canonical
from aggregator.window import horizon_at
from tests.pure.factories import name, seen
from tests.simulation import checks
from tests.simulation.github import WRITES, Faults, VirtualGitHub
from tests.simulation.world import World

WINDOW = 900
LOOKBACK = 86_400.0
CALL = 0.3  # seconds that GitHub takes to answer
LOCAL = (Elapsed, ReadSample, Intend, Note, Rule)


class Killed(Exception):
    """The process is gone."""


@dataclass
class Event:
    """The moment before or after one call. Before it, a test may decide that request or answer gets lost."""

    index: int  # of the call in this tick
    call: Call[Any]
    after: bool
    lost: str = ""  # request, answer


Script = Callable[[Event], None]


class Desk:
    """One process of one node. `settings` and `policy` may be changed at any time."""

    def __init__(
        self, github: VirtualGitHub, node: str = "alice", known: Knowledge | None = None, **changes: Any
    ) -> None:
        self.github, self.world, self.node = github, github.world, node
        self.known = known or Knowledge(Ledger(), History(), Book())
        self.policy = Policy(repository=github.repository)
        self.settings = msgspec.structs.replace(
            Settings(node=node, login="aggregator[bot]", marker_key=checks.KEY), **changes
        )
        self.sample: ErrorRecord | None = None
        self.memories: dict[str, Memory] = {}
        self.changed: set[str] = set(self.known.ledger.roots())
        self.intents: list[Claim] = []
        self.last: list[Outcome] = []
        self.outcomes: dict[str, Outcome] = {}  # by root: what became of it last
        self.ahead = 0.0  # seconds by which this node's clock is ahead of GitHub's
        self._author = Author(Origin(node, f"{self.world.random.getrandbits(64):016x}"), WINDOW)

    def restarted(self) -> "Desk":
        """The next process of this node: its disk is as it was, its memory is gone."""
        desk = Desk(self.github, self.node, self.known)
        desk.policy, desk.settings, desk.sample = self.policy, self.settings, self.sample
        return desk

    def see(self, number: int = 1, count: int = 3, **changes: object) -> None:
        """Occurrences of the error with this number, now."""
        now = self.world.now
        batch = [seen(number, count, **{"first": now, "last": now, **changes})]
        staged = self._author.stage(batch, now, lambda s: s in self.known.ledger)
        self._author.accept(staged)
        for page, tallies in staged.pages:
            self.known.ledger.put(page, tallies)

    def rule(self, kind: str, subject: str, value: Any) -> None:
        self.known.book.put_ruling(self.known.book.rule(kind, subject, value, self.node), own=True)

    def fact(self, number: int = 1, generation: int = 0) -> Fact | None:
        return self.known.book.fact(FactKey(self.github.repository, name(number), generation))

    def issue_of(self, number: int = 1, generation: int = 0) -> int:
        """The number of the issue that the book knows; 0: none."""
        fact = self.fact(number, generation)
        return fact.number if fact and fact.standing is Standing.FILED else 0

    # Running.

    def steps(self) -> Iterator[Event]:
        """One tick, call by call. Its outcomes are in `last` when it is over."""
        now = self.world.now + self.ahead
        self.known.history.fold(self.known.ledger.expire(horizon_at(now, LOOKBACK, WINDOW)))
        self.changed |= take_changed(self.known)
        for latch in newly_due(self.known, self.changed, self.policy, now, self.node):
            self.known.book.put_fact(latch.key, latch.fact)
            for ruling in latch.rulings:
                self.known.book.put_ruling(ruling)
        refused = {root for root, each in self.outcomes.items() if each.state == "refused"}
        work = cases(self.known, self.changed, self.policy, now, self._nonce, self.settings.caps.day, refused)
        outcomes: list[Outcome] = []
        for repository, some in sorted(work.items()):
            job = Run(repository, tuple(some), partial(canonical, self.known.book), now)
            outcomes += yield from self._drive(run(job, self.memories, self.settings))
        self.changed = unsettled(outcomes)
        self.last = outcomes
        self.outcomes |= {each.root: each for each in outcomes}

    def tick(self, script: Script = lambda _: None) -> dict[str, Outcome]:
        """One tick at once. `script` sees every event; it may raise `Killed`."""
        for event in self.steps():
            script(event)
        return {each.root: each for each in self.last}

    def file(self, number: int = 1, script: Script = lambda _: None) -> Outcome:
        """One tick, and what became of one error in it."""
        return self.tick(script)[name(number)]

    def wait(self) -> None:
        """Let time pass until this process would run again."""
        self.world.now = next_run(self.last, self.world.now, WINDOW)

    def settle(self, within: float = 3600.0) -> None:
        """Tick until all that is due is filed and nothing is left to look at."""
        end = self.world.now + within
        self.tick()
        while not self.settled:
            self.wait()
            assert self.world.now <= end, f"not settled within {within} s: {self.last}"
            self.tick()

    @property
    def settled(self) -> bool:
        return all(each.state == "filed" for each in self.last) and not self.changed

    def _drive(self, steps: Steps[list[Outcome]]) -> Generator[Event, None, list[Outcome]]:
        answer: Any = None
        failure: Failure | None = None
        index = 0
        while True:
            try:
                call = steps.throw(failure) if failure else steps.send(answer)
            except StopIteration as stop:
                return stop.value
            index += 1
            before = Event(index, call, after=False)
            yield before
            answer, failure = self._carry_out(call, before.lost)
            yield Event(index, call, after=True)

    def _carry_out(self, call: Call[Any], lost: str) -> tuple[Any, Failure | None]:
        if isinstance(call, LOCAL):
            try:
                return self._local(call), None
            except Failure as failure:
                return None, failure
        self.world.now += CALL
        try:
            answer = None if lost == "request" else self.github.perform(call)
        except Failure as failure:
            return None, failure
        if not lost:
            return answer, None
        kind = Unsure if isinstance(call, WRITES) else NotSent
        return None, kind(Reason.GITHUB_AWAY, f"the {lost} got lost")

    def _local(self, call: Call[Any]) -> Any:
        match call:
            case Elapsed():
                return self.world.now
            case ReadSample():
                return self.sample
            case Intend(claim=claim):
                self.intents.append(claim)
            case Note(key=key, fact=fact):
                self.known.book.put_fact(key, fact)
            case Rule(kind=kind, subject=subject, value=value):
                if not self.known.book.has_room(kind, subject, own=True):
                    raise Rejected(Reason.BOOK_FULL)
                self.rule(kind, subject, value)
            case _:
                raise AssertionError(f"no such call: {call}")
        return None

    def _nonce(self) -> str:
        return f"{self.world.random.getrandbits(64):016x}"


def github(seed: int = 1, **faults: float) -> VirtualGitHub:
    """A virtual GitHub that fails the test at the moment when two open issues are about one root."""
    made = VirtualGitHub(World(seed), Faults(**faults))
    made.on_change = lambda: checks.one_open_issue_per_root(made)
    return made


def is_filed(desk: Desk, number: int = 1) -> int:
    """Check that one error has just one issue, open, and that claim and book say its number, which is returned."""
    ours = [i for i in desk.github.open_issues() if "error-aggregator" in i.labels and name(number) in i.body]
    assert len(ours) == 1, f"open issues: {[i.number for i in ours]}"
    assert desk.issue_of(number) == ours[0].number
    head = desk.github.refs[name(number)][-1]
    assert (head.state, head.number) == ("filed", ours[0].number)
    return ours[0].number
