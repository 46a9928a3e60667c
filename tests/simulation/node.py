"""A virtual node: the domain code between a disk that survives and a memory that does not.

It does what the daemon does, in the same order (stage, commit, accept, acknowledge; latch, commit, file), with every
step an event of the world. Before and after each step stands a *point* with a name ("before CreateIssue", "after
counts"), at which a plan may have the process killed, or stopped for a while.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import msgspec

from aggregator.agenda import Knowledge, next_run
from aggregator.author import Author, Staged
from aggregator.book import Book, Fact, FactKey, Ruling, join
from aggregator.candidacy import learnt
from aggregator.docket import Docket, Tick
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
from aggregator.filing.case import Case, Memory, Outcome
from aggregator.filing.run import Run, run
from aggregator.filing.settings import Caps, Settings
from aggregator.history import DayKey, History
from aggregator.ledger import Folded, Ledger
from aggregator.page import Origin, Page, PageKey, read_body
from aggregator.reason import Reason
from aggregator.rulings import canonical
from aggregator.signature import agreed
from aggregator.tally import Seen, Total
from aggregator.window import horizon_at, kept
from tests.simulation.github import WRITES, VirtualGitHub
from tests.simulation.truth import Commit, Truth
from tests.simulation.world import START, Life, World

WINDOW = 900
LOOKBACK = 86_400.0
COMMIT = 0.02  # seconds that a transaction takes
TIMEOUT = 15.0  # seconds that a node waits for GitHub
EXPIRE = 300.0  # seconds between two looks at what is too old
LOOK = 300.0  # seconds between two looks at whether the token serves
NAP = 30.0  # seconds between two looks at a clock that may be set

Change = Callable[[], None]


class Sent(NamedTuple):
    """A record as a client sends it."""

    sequence: int
    seen: Seen
    uid: str


class Arm(NamedTuple):
    """What happens to the process when it comes to a point."""

    point: str
    kind: str  # crash, sleep
    seconds: float


@dataclass
class Disk:
    """What a crash leaves. Each transaction of the node changes it in one step."""

    pages: dict[PageKey, Page] = field(default_factory=dict[PageKey, Page])
    sessions: dict[str, int] = field(default_factory=dict[str, int])
    facts: dict[FactKey, Fact] = field(default_factory=dict[FactKey, Fact])
    rulings: dict[tuple[str, str], Ruling] = field(default_factory=dict[tuple[str, str], Ruling])
    days: dict[DayKey, tuple[str, Total]] = field(default_factory=dict[DayKey, tuple[str, Total]])

    def copy(self) -> "Disk":
        return replace(
            self,
            pages=dict(self.pages),
            sessions=dict(self.sessions),
            facts=dict(self.facts),
            rulings=dict(self.rulings),
            days=dict(self.days),
        )

    def versions(self) -> dict[PageKey, int]:
        return {key: page.sequence for key, page in self.pages.items()}


class SimNode:
    """One node. `policy` and `settings` may be changed before `start`. `place`: its machine; `name`: its peer id."""

    def __init__(
        self,
        world: World,
        github: VirtualGitHub,
        name: str = "alice",
        truth: Truth | None = None,
        place: str = "",
    ) -> None:
        self.world, self.github, self.name, self.place = world, github, name, place or name
        self.truth = truth or Truth()
        self.disk = Disk()
        self.policy = Policy(repository=github.repository)
        self.settings = Settings(node=name, login="aggregator[bot]", marker_key=b"k" * 32, caps=Caps(20, 50))
        self.life = Life(alive=False)
        self.lag = 0.0  # seconds by which it is late in all it does
        self.skew = 0.0  # seconds by which its clock is ahead
        self.full = False  # whether the disk is
        self.armed: list[Arm] = []
        self.revoked = self.no_refs = False  # what is wrong with its token
        self.reads = ["s1"]  # versions of the signature, oldest first
        self.filing = True  # whether its operator lets it file
        self.started = 0.0  # when this process began
        self.draw = world.draw(f"node {self.place}")

    # Time.

    @property
    def now(self) -> float:
        """Unix seconds, as its clock shows them."""
        return self.world.now + self.skew

    @property
    def elapsed(self) -> float:
        """Seconds on a clock that never steps and counts suspension."""
        return self.world.now - START + 1000.0

    def set_clock(self, ahead: float) -> None:
        """Somebody sets its clock."""
        self.skew = ahead
        self.tell(f"has its clock set {ahead:+.0f} s")

    # Processes.

    def start(self) -> None:
        """A new process on the same disk."""
        if self.life.alive:
            return
        self.started = self.world.now
        self.life = Life(lag=self.lag)
        self.author = Author(Origin(self.name, f"{self.draw.getrandbits(64):016x}"), WINDOW)
        ledger = Ledger()
        self.known = Knowledge(ledger, History(ledger.aged), Book())
        self._let_go()
        self._load()
        self.docket = Docket(self.known)
        self.memories: dict[str, Memory] = {}
        self.trouble: Reason | None = None  # why its token cannot file
        self._writes: deque[tuple[str, Callable[[], tuple[Change, Change]], Change]] = deque()
        self._writing = False
        self.tell("starts")
        self._later(self.draw.uniform(0.1, EXPIRE), self._expire)
        self._later(0.1, self._look)
        self._wait_for(next_run([], self.now, WINDOW))

    def _load(self) -> None:
        for key, (root, total) in self.disk.days.items():
            self.known.history.put(key, root, total)
        for page in self.disk.pages.values():
            self.known.ledger.put(page, read_body(page.body))
        for key, fact in self.disk.facts.items():
            self.known.book.put_fact(key, fact)
        for ruling in self.disk.rulings.values():
            self.known.book.put_ruling(ruling)

    def crash(self, down: float = 1.0) -> None:
        """The process is gone, between two events, and another starts after a while."""
        if self.life.alive:
            self.life.alive = False
            self.tell("is killed")
            self.world.after(down, self.start)

    def sleep(self, seconds: float) -> None:
        """The process is stopped, and goes on where it was."""
        self.life.wakes = max(self.life.wakes, self.world.now + seconds)
        self.tell(f"is stopped for {seconds:.0f} s")

    @property
    def asleep(self) -> bool:
        return self.life.alive and self.life.wakes > self.world.now

    def reach(self, point: str, go_on: Change) -> None:
        """`go_on`, unless the process is killed at this point, or stopped for a while before it goes on."""
        for arm in self.armed:
            if arm.point == point:
                self.armed.remove(arm)
                self.tell(f"comes to: {point}")
                if arm.kind == "crash":
                    self.crash(arm.seconds)
                    return
                self.sleep(arm.seconds)
                break
        if self.asleep:
            self._later(0.0, go_on)
        else:
            go_on()

    # The disk.

    def write(self, what: str, prepare: Callable[[], tuple[Change, Change]], failed: Change = lambda: None) -> None:
        """One transaction, after those before it. `prepare`, when its turn has come: what changes, and what follows."""
        self._writes.append((what, prepare, failed))
        if not self._writing:
            self._next_write()

    def _next_write(self) -> None:
        self._writing = True
        what, prepare, failed = self._writes.popleft()
        change, then = prepare()
        self._later(COMMIT, lambda: self.reach(f"before {what}", lambda: self._commit(what, change, then, failed)))

    def _commit(self, what: str, change: Change, then: Change, failed: Change) -> None:
        if self.full:
            self.tell(f"cannot commit {what}: disk full")
            self._committed(failed)
        else:
            change()
            self.reach(f"after {what}", lambda: self._committed(then))

    def _committed(self, then: Change) -> None:
        then()
        self._writing = False
        if self._writes:
            self._next_write()

    # From a client.

    def receive(
        self,
        session: str,
        records: list[Sent],
        reply: Callable[[int], None],
        gap: Callable[[str, int], None] = lambda session, expected: None,
    ) -> None:
        """Records arrive. `reply` gets the highest number that is settled, or `gap` the one that was expected."""

        def prepare() -> tuple[Change, Change]:
            expected = self.disk.sessions.get(session, 1)
            fresh = [self.named(r) for r in records if r.sequence >= expected]
            if fresh and fresh[0].sequence > expected:
                return nothing, lambda: gap(session, expected)
            staged = self.stage([r.seen for r in fresh])
            self.staged(staged)
            high = max([expected - 1, *(r.sequence for r in fresh)])
            return partial(self.commit_counts, session, high, staged, fresh), lambda: self.counted(staged, high, reply)

        self.write("counts", prepare)

    def named(self, record: Sent) -> Sent:
        """The record with the names that this node gives it."""
        version = self.version()
        if version == "s1":
            return record
        old = record.seen.signature
        new = version + old[2:]
        return record._replace(seen=msgspec.structs.replace(record.seen, signature=new, root=new, formerly=old))

    def version(self) -> str:
        """Of the signature, that this node writes now."""
        return agreed(self.reads, [])

    def stage(self, seen: list[Seen]) -> Staged:
        now = max(self.now, self.known.ledger.horizon)
        return self.author.stage(seen, now, lambda s: s in self.known.ledger, self.known.ledger.runs)

    def staged(self, staged: Staged) -> None:
        """Something is about to be committed: nobody may hear of it yet."""

    def commit_counts(self, session: str, high: int, staged: Staged, fresh: list[Sent]) -> None:
        """Pages and the session's high-water mark, in one transaction."""
        self.disk.sessions[session] = high + 1
        self.commit_pages(staged, fresh)

    def commit_pages(self, staged: Staged, fresh: list[Sent]) -> None:
        self.disk.pages.update({page.key: page for page, _ in staged.pages})
        where = {t.signature: Commit(page.key, page.sequence) for page, tallies in staged.pages for t in tallies}
        for record in fresh:
            self.truth.committed(record.uid, where[record.seen.signature])

    def counted(self, staged: Staged, high: int, reply: Callable[[int], None]) -> None:
        """What was staged is on disk."""
        self.author.accept(staged)
        for page, tallies in staged.pages:
            self.known.ledger.put(page, tallies)
        self.wrote([page.key for page, _ in staged.pages])
        reply(high)

    def _expire(self) -> None:
        """Fold what left the lookback: in memory at once, on disk with the pages' removal."""
        self._later(EXPIRE, self._expire)
        rows = self.known.history.fold(self._let_go())
        gone = self.known.history.expire(self.now, self.known.book.waiting())
        old = [key for key in self.disk.pages if key.window < self.known.ledger.horizon]
        old += self.known.ledger.take_displaced()
        if rows or gone or old:
            self.write("expiry", lambda: (partial(self._forget, rows, gone, old), nothing))
        self.expired()

    def _let_go(self) -> list[Folded]:
        """Of what is too old, in memory."""
        horizon, since = (horizon_at(self.now, span, WINDOW) for span in (kept(LOOKBACK), LOOKBACK))
        return self.known.ledger.expire(horizon, since)

    def _forget(self, rows: list[tuple[DayKey, str, Total]], gone: list[DayKey], old: list[PageKey]) -> None:
        self.disk.days.update({key: (root, total) for key, root, total in rows})
        for day in gone:
            self.disk.days.pop(day, None)
        for key in old:
            self.disk.pages.pop(key, None)

    # Every tick.

    def _wait_for(self, at: float) -> None:
        """Tick at `at` on its own clock, or when as much time has passed; in short steps: the clock may be set."""
        self._wait(at + self.delay, self.elapsed + at + self.delay - self.now)

    def _wait(self, at: float, end: float) -> None:
        left = min(at - self.now, end - self.elapsed)
        if left <= 0:
            self.tick()
        else:
            self._later(min(left + 0.05, NAP), lambda: self._wait(at, end))

    @property
    def delay(self) -> float:
        """Seconds after a tick until this node bundles."""
        return 0.0

    def tick(self) -> None:
        """Latch what is due, then file."""
        tick = self.docket.take(self.now, self.policy, self.settings.caps.day, self.nonce)
        self._latch(tick, deque(self.docket.latches(tick, self.name)))

    def _latch(self, tick: Tick, latches: deque[Any]) -> None:
        """One transaction for each root that became due."""
        if not latches:
            self.docket.judged(tick)
            self._file_all(tick)
            return
        latch = latches.popleft()
        self.put(
            [(latch.key, latch.fact)],
            list(latch.rulings),
            lambda: self._latch(tick, latches),
            lambda: self._over(tick, failed=True),
        )

    def _file_all(self, tick: Tick) -> None:
        work = self.docket.work(tick)
        if not work:
            self._over(tick)
        for repository, some in work.items():
            self.turn(repository, self.elapsed, partial(self._file_one, tick, repository, some))

    def _file_one(self, tick: Tick, repository: str, some: list[Case], turn: int | Reason) -> None:
        if isinstance(turn, Reason):
            self._over(tick, self.docket.not_mine(repository, some, turn))
            return
        mine = self.docket.mine(tick, repository, some, turn)
        if mine is None:
            self._over(tick)
            return
        job = Run(repository, tuple(mine), partial(canonical, self.known.book), tick.now)
        self._drive(tick, run(job, self.memories, self.settings))

    def _over(self, tick: Tick, outcomes: list[Outcome] | None = None, failed: bool = False) -> None:
        """The tick is over; there is one repository, so its run is the tick's."""
        done = outcomes or []
        if failed:
            self.docket.back(tick)
        else:
            self.docket.close(tick, done)
            self.learn(done)
        for each in done:
            number = f" #{each.number}" if each.number else ""
            self.tell(f"{each.root[-2:]} {each.state}: {each.reason.name}{number}")
        self._wait_for(next_run(done, self.now, WINDOW))

    def learn(self, outcomes: list[Outcome]) -> None:
        for reason in learnt(outcomes).values():
            self.trouble = reason

    def _look(self) -> None:
        """Ask whether the token serves; what GitHub says reaches us a moment later."""
        self._later(LOOK, self._look)
        reason: Reason | None = None
        if self.revoked:
            reason = Reason.BAD_CREDENTIALS
        elif self.no_refs:
            reason = Reason.CLAIM_REFUSED
        self._later(1.0, lambda: setattr(self, "trouble", reason))

    # What a node in a fleet does besides.

    def turn(self, repository: str, began: float, then: Callable[[int | Reason], None]) -> None:
        """Call `then` with this node's rank, when its turn has come, or with the reason why it has none."""
        then(0 if self.filing else Reason.FILING_OFF)

    def wrote(self, keys: list[PageKey]) -> None:
        """Own pages changed and are committed."""

    def entered(self, facts: list[tuple[FactKey, Fact]], rulings: list[Ruling]) -> None:
        """The book changed."""

    def expired(self) -> None:
        """The horizon may have risen."""

    # Filing.

    def _drive(
        self, tick: Tick, steps: Steps[list[Outcome]], answer: Any = None, failure: Failure | None = None
    ) -> None:
        try:
            call = steps.throw(failure) if failure else steps.send(answer)
        except StopIteration as stop:
            self._over(tick, stop.value)
            return
        go_on = partial(self._drive, tick, steps)
        self.reach(f"before {type(call).__name__}", lambda: self._carry_out(tick, steps, call, go_on))

    def _carry_out(self, tick: Tick, steps: Steps[Any], call: Call[Any], go_on: Callable[..., None]) -> None:
        name = type(call).__name__

        def after() -> None:
            self.reach(f"after {name}", lambda: go_on(None))

        def failed() -> None:
            steps.close()
            self._over(tick, failed=True)

        match call:
            case Elapsed():
                self.checked = self.world.now
                go_on(self.elapsed)
            case ReadSample():
                self._later(0.01, after)
            case Intend():
                self.write("intent", lambda: (nothing, after), failed)
            case Note(key=key, fact=fact):
                self.put([(key, fact)], [], after, failed)
            case Rule(kind=kind, subject=subject) if not self.known.book.has_room(kind, subject):
                go_on(None, Rejected(Reason.BOOK_FULL))
            case Rule(kind=kind, subject=subject, value=value):
                self.rule(kind, subject, value, after, failed)
            case _:
                self._ask(call, go_on)

    def _ask(self, call: Call[Any], go_on: Callable[..., None]) -> None:
        """Ask GitHub. Who has waited too long for the answer goes on without: it is lost."""
        name, waiting = type(call).__name__, [True]

        def answered(answer: Any, failure: Failure | None) -> None:
            if waiting:
                waiting.clear()
                self.reach(f"after {name}", lambda: go_on(answer, failure))

        def arrive(life: Life, checked: float) -> None:
            answer, failure = self._perform(call, checked)
            self.world.after(self.github.latency(self.place), lambda: answered(answer, failure), life)

        lost = (Unsure if isinstance(call, WRITES) else NotSent)(Reason.GITHUB_AWAY, "timed out")
        self._later(TIMEOUT, lambda: answered(None, lost))
        life, checked = self.life, getattr(self, "checked", 0.0)
        self.world.after(self.github.latency(self.place), lambda: arrive(life, checked))

    def _perform(self, call: Call[Any], checked: float) -> tuple[Any, Failure | None]:
        """The call arrives at GitHub, even when its sender has died meanwhile."""
        self.github.caller, self.github.late = self.place, self.world.now - checked
        try:
            self.github.let_in(call, revoked=self.revoked, no_refs=self.no_refs)
            answer, failure = self.github.perform(call), None
        except Failure as error:
            answer, failure = None, error
        if isinstance(call, WRITES) or failure:
            number = getattr(answer, "number", 0) or getattr(call, "number", "")
            self.tell(f"{type(call).__name__} {number or ''} {failure or 'done'}")
        return answer, failure

    # The book, committed as it changes.

    def put(
        self,
        facts: list[tuple[FactKey, Fact]],
        rulings: list[Ruling],
        then: Change = lambda: None,
        failed: Change = lambda: None,
    ) -> None:
        """Commit entries, then take them over."""

        def prepare() -> tuple[Change, Change]:
            book = self.known.book
            merged = [(key, join(book.fact(key) or fact, fact)) for key, fact in facts]
            fresh = [(key, fact) for key, fact in merged if fact != book.fact(key)]
            newer = [ruling for ruling in rulings if book.takes(ruling)]

            def change() -> None:
                self.disk.facts.update(fresh)
                self.disk.rulings.update({(r.kind, r.subject): r for r in newer})

            def follow() -> None:
                for key, fact in fresh:
                    book.put_fact(key, fact)
                for ruling in newer:
                    book.put_ruling(ruling)
                if fresh or newer:
                    self.entered(fresh, newer)
                then()

            return change, follow

        self.write("book", prepare, failed)

    def rule(
        self, kind: str, subject: str, value: Any, then: Change = lambda: None, failed: Change = lambda: None
    ) -> None:
        """A ruling that overrules all this node has seen."""
        self.put([], [self.known.book.rule(kind, subject, value, self.name)], then, failed)

    def tell(self, text: str) -> None:
        self.world.tell(f"{self.place:8} {text}")

    def nonce(self) -> str:
        return f"{self.draw.getrandbits(64):016x}"

    def _later(self, delay: float, action: Change) -> None:
        self.world.after(delay, action, self.life)


def nothing() -> None:
    """What changes nothing."""
