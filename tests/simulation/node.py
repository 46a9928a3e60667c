"""A virtual node: the domain code between a disk that survives and a memory that does not.

It does what the daemon does, in the same order (stage, commit, accept, acknowledge; latch, commit, file), with every
step an event of the world, so that a crash can come between any two.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from aggregator.agenda import Knowledge, cases, newly_due, next_run, take_changed, unsettled
from aggregator.author import Author, Staged
from aggregator.book import Book, Fact, FactKey, Ruling
from aggregator.due import Policy
from aggregator.filing.calls import Call, Elapsed, Failure, Intend, Note, ReadSample, Rule, Steps
from aggregator.filing.case import Case, Memory, Outcome
from aggregator.filing.run import Run, run
from aggregator.filing.settings import Caps, Settings
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.page import Origin, Page, PageKey, read_body
from aggregator.rulings import canonical
from aggregator.tally import Seen
from aggregator.window import horizon_at
from tests.simulation.github import VirtualGitHub
from tests.simulation.world import Life, World

WINDOW = 900
LOOKBACK = 86_400.0


class Sent(NamedTuple):
    """A record as a client sends it."""

    sequence: int
    seen: Seen


@dataclass
class Disk:
    """What a crash leaves. Each method of the node changes it in one step."""

    pages: dict[PageKey, Page] = field(default_factory=dict[PageKey, Page])
    sessions: dict[str, int] = field(default_factory=dict[str, int])
    facts: dict[FactKey, Fact] = field(default_factory=dict[FactKey, Fact])
    rulings: dict[tuple[str, str], Ruling] = field(default_factory=dict[tuple[str, str], Ruling])
    history: History = field(default_factory=History)


class SimNode:
    """One node. `policy` and `settings` may be changed before `start`."""

    def __init__(self, world: World, github: VirtualGitHub, name: str = "alice") -> None:
        self.world, self.github, self.name = world, github, name
        self.disk = Disk()
        self.policy = Policy(repository=github.repository)
        self.settings = Settings(node=name, login="aggregator[bot]", marker_key=b"k" * 32, caps=Caps(20, 50))
        self.life = Life(alive=False)
        self.crash_chance = 0.0  # before and after every step that matters
        self.full_disk = 0.0  # chance that a commit of counts fails
        self.outcomes: dict[str, Outcome] = {}

    def start(self) -> None:
        """A new process on the same disk."""
        self.life = Life()
        self.author = Author(Origin(self.name, f"{self.world.random.getrandbits(64):016x}"), WINDOW)
        self.known = Knowledge(Ledger(horizon_at(self.world.now, LOOKBACK, WINDOW)), self.disk.history, Book())
        for page in self.disk.pages.values():
            self.known.ledger.put(page, read_body(page.body))
        for key, fact in self.disk.facts.items():
            self.known.book.put_fact(key, fact)
        for ruling in self.disk.rulings.values():
            self.known.book.put_ruling(ruling)
        self.memories: defaultdict[str, Memory] = defaultdict(Memory)
        self.busy = False
        self.waiting: list[tuple[str, list[Sent], Callable[[int], None]]] = []
        self.changed: set[str] = set(self.known.ledger.roots())
        self.running = 0
        self._schedule(next_run([], self.world.now, WINDOW))

    def crash(self) -> None:
        """The process is gone, between two events."""
        if self.life.alive:
            self.life.alive = False
            self.world.tell(f"{self.name} is killed")
            self.world.after(self.world.random.uniform(0.5, 30.0), self.start)

    def maybe_crash(self) -> bool:
        if self.life.alive and self.world.chance(self.crash_chance):
            self.crash()
        return not self.life.alive

    # From a client.

    def receive(self, session: str, records: list[Sent], reply: Callable[[int], None]) -> None:
        """Records arrive. `reply` gets the highest sequence number that is settled."""
        self.waiting.append((session, records, reply))
        if not self.busy:
            self._next_batch()

    def _next_batch(self) -> None:
        if not self.waiting:
            return
        self.busy = True
        session, records, reply = self.waiting.pop(0)
        expected = self.disk.sessions.get(session, 1)
        fresh = [r for r in records if r.sequence >= expected]
        staged = self.author.stage([r.seen for r in fresh], self.world.now, lambda s: s in self.known.ledger)
        high = max([expected - 1, *(r.sequence for r in fresh)])
        self._later(0.02, lambda: self._commit(session, high, staged, reply))

    def _commit(self, session: str, high: int, staged: Staged, reply: Callable[[int], None]) -> None:
        if self.maybe_crash():
            return
        if self.world.chance(self.full_disk):
            self.world.tell(f"{self.name} cannot commit")
        else:
            self.disk.sessions[session] = high + 1
            self.disk.pages.update({page.key: page for page, _ in staged.pages})
            if self.maybe_crash():
                return
            self._accept(staged)
            reply(high)
        self.busy = False
        self._next_batch()

    def _accept(self, staged: Staged) -> None:
        self.author.accept(staged)
        for page, tallies in staged.pages:
            self.known.ledger.put(page, tallies)
        self.wrote([page.key for page, _ in staged.pages])

    # Every tick.

    def _schedule(self, at: float) -> None:
        self._later(at - self.world.now + 0.001, self.tick)

    def tick(self) -> None:
        """Latch what is due, then file."""
        now = self.world.now
        folded = self.known.ledger.expire(horizon_at(now, LOOKBACK, WINDOW))
        self.known.history.fold(folded)
        for key in [k for k in self.disk.pages if k.window < self.known.ledger.horizon]:
            del self.disk.pages[key]
        self.changed |= take_changed(self.known)
        for latch in newly_due(self.known, self.changed, self.policy, now, self.name):
            self.put_fact(latch.key, latch.fact)
            if latch.route is not None:
                self.put_ruling(latch.route)
        if self.maybe_crash():
            return
        self.file(now)

    def file(self, now: float) -> None:
        """Run what is to be filed; ticks again when all of it is done."""
        changed, self.changed = self.changed, set()
        work = cases(self.known, changed, self.policy, now, self._nonce, self.settings.caps.day)
        work = {repository: some for repository, all_of in work.items() if (some := self.mine(repository, all_of))}
        self.running = len(work)
        if not work:
            self._schedule(next_run([], now, WINDOW))
        for repository, some in work.items():
            job = Run(repository, tuple(some), partial(canonical, self.known.book), now)
            self._drive(run(job, self.memories, self.settings))

    # What a node in a fleet does besides.

    def wrote(self, keys: list[PageKey]) -> None:
        """Own pages changed and are committed."""

    def entered(self, facts: list[tuple[FactKey, Fact]], rulings: list[Ruling]) -> None:
        """The book changed."""

    def mine(self, repository: str, work: list[Case]) -> list[Case]:
        """What of this work is this node's to do now."""
        return work

    def _drive(self, steps: Steps[list[Outcome]], answer: Any = None, failure: Failure | None = None) -> None:
        try:
            call = steps.throw(failure) if failure else steps.send(answer)
        except StopIteration as stop:
            self._finished(stop.value)
            return
        if self.maybe_crash():
            return
        self._carry_out(steps, call)

    def _carry_out(self, steps: Steps[list[Outcome]], call: Call[Any]) -> None:
        match call:
            case Elapsed():
                self._later(0.0, lambda: self._drive(steps, self.world.now))
            case ReadSample() | Intend():
                self._later(0.01, lambda: self._drive(steps))
            case Note(key=key, fact=fact):
                self.put_fact(key, fact)
                self._later(0.01, lambda: self._drive(steps))
            case Rule(kind=kind, subject=subject, value=value):
                self.put_ruling(self.known.book.rule(kind, subject, value, self.name))
                self._later(0.01, lambda: self._drive(steps))
            case _:
                self.world.after(self._latency(), lambda: self._at_github(steps, call, self.life))

    def _at_github(self, steps: Steps[list[Outcome]], call: Call[Any], life: Life) -> None:
        """The call arrives at GitHub, even when its sender has died meanwhile."""
        try:
            answer, failure = self.github.perform(call), None
        except Failure as error:
            answer, failure = None, error
        shown = f"lost: {failure}" if failure else "done"
        self.world.tell(f"{self.name} {type(call).__name__} {getattr(call, 'number', '')} {shown}")
        self.world.after(self._latency(), lambda: self._drive(steps, answer, failure), life)

    def _finished(self, outcomes: list[Outcome]) -> None:
        for each in outcomes:
            self.outcomes[each.root] = each
            self.world.tell(f"{self.name} {each.root[-4:]} {each.state}: {each.reason.name} {each.number or ''}")
        self.changed |= unsettled(outcomes)
        self.running -= 1
        if self.running == 0:
            self._schedule(next_run(outcomes, self.world.now, WINDOW))

    # The book, committed as it changes.

    def put_fact(self, key: FactKey, fact: Fact) -> None:
        self.known.book.put_fact(key, fact)
        merged = self.known.book.fact(key)
        if merged is not None:
            self.disk.facts[key] = merged
            self.entered([(key, merged)], [])

    def put_ruling(self, ruling: Ruling) -> None:
        if self.known.book.put_ruling(ruling):
            self.disk.rulings[ruling.kind, ruling.subject] = ruling
            self.entered([], [ruling])

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        self.world.after(delay, action, self.life)

    def _latency(self) -> float:
        return self.world.random.uniform(0.02, 0.4)

    def _nonce(self) -> str:
        return f"{self.world.random.getrandbits(64):016x}"
