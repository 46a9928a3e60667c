"""Each safeguard is switched off in turn, and the checks must report the broken promise: they would notice."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

from aggregator.author import Staged
from aggregator.book import Book
from aggregator.docket import Docket
from aggregator.filing import procedure, recover, run
from aggregator.filing.calls import CreateIssue, Steps, Unsure, ask
from aggregator.filing.claim import Claim
from aggregator.filing.settings import Caps
from aggregator.message import PageMessage, encode
from tests.pure.desk import Desk, Event, Killed, github
from tests.simulation import checks
from tests.simulation import plan as plans
from tests.simulation.client import SimClient
from tests.simulation.fleetnode import FleetNode
from tests.simulation.github import Faults, VirtualGitHub
from tests.simulation.node import Sent, SimNode
from tests.simulation.plan import Plan
from tests.simulation.story import Broken, play
from tests.simulation.world import START, World

DAY = 86_400.0  # seconds


def lost(kind: type, what: str) -> Callable[[Event], None]:
    """A script by which one kind of call loses its request or answer."""

    def script(event: Event) -> None:
        if isinstance(event.call, kind) and not event.after:
            event.lost = what

    return script


def two() -> tuple[Desk, Desk]:
    alice = Desk(github())
    bob = Desk(alice.github, "bob")
    alice.see()
    bob.see()
    return alice, bob


def take_turns(alice: Desk, bob: Desk) -> None:
    """Both go through one tick, call by call in turn."""
    running = [alice.steps(), bob.steps()]
    while running:
        running = [steps for steps in running if next(steps, None)]


# One bug, one issue.


def test_without_the_claim_two_make_an_issue_each(monkeypatch: pytest.MonkeyPatch) -> None:
    take_turns(*two())  # with it, none of the checks complains

    def always_won(self: VirtualGitHub, claim: Claim) -> Claim:
        return msgspec.structs.replace(claim, sha=claim.nonce)

    monkeypatch.setattr(VirtualGitHub, "_create_claim", always_won)
    with pytest.raises(AssertionError, match="two open issues"):
        take_turns(*two())


def holder_pauses(age: float) -> None:
    """The holder takes ten seconds between winning and creating; meanwhile another finds its claim."""
    alice, bob = two()
    bob.settings = msgspec.structs.replace(bob.settings, takeover_age=age, relist_gap=0.0)

    def meanwhile(event: Event) -> None:
        if isinstance(event.call, CreateIssue) and not event.after:
            bob.tick()
            bob.world.now += 10.0
            bob.tick()

    alice.tick(meanwhile)
    alice.settle()


def test_without_the_takeover_age_a_claim_is_taken_from_who_is_at_work() -> None:
    holder_pauses(age=600.0)
    with pytest.raises(AssertionError, match="two open issues"):
        holder_pauses(age=0.0)


def answer_is_lost_and_the_list_does_not_show_it() -> None:
    alice, bob = two()
    alice.github.faults.list_lag = 1e9
    with pytest.raises(Killed):
        alice.tick(lambda event: kill_after(event, CreateIssue))
    bob.settle(7200)


def blind(*_: Any) -> Steps[None]:
    """In the place of a step that looks: it sees nothing."""
    yield from ()


def kill_after(event: Event, kind: type) -> None:
    if isinstance(event.call, kind) and event.after:
        raise Killed


def test_without_the_look_by_number_an_issue_that_no_list_shows_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_is_lost_and_the_list_does_not_show_it()

    monkeypatch.setattr(recover, "read_by_number", blind)
    with pytest.raises(AssertionError, match="two open issues"):
        answer_is_lost_and_the_list_does_not_show_it()


def test_with_a_creation_that_is_repeated_after_a_lost_answer_there_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    def file() -> None:
        desk, _ = two()
        desk.tick(lost(CreateIssue, "answer"))
        desk.settle()

    file()

    def ask_again(call: Any) -> Steps[Any]:
        try:
            return (yield from ask(call))
        except Unsure:
            return (yield from ask(call))

    monkeypatch.setattr(procedure, "ask", ask_again)
    with pytest.raises(AssertionError, match="two open issues"):
        file()


def test_without_the_deadline_who_was_suspended_creates_beside_who_took_over() -> None:
    def file(deadline: float) -> None:
        alice, bob = two()
        alice.settings = msgspec.structs.replace(alice.settings, create_deadline=deadline)
        looks = 0

        def suspended(event: Event) -> None:
            nonlocal looks
            looks += type(event.call).__name__ == "ListIssues" and event.after
            if looks == 2:  # after its last look
                looks += 1
                bob.tick()
                bob.world.now += 660
                bob.tick()

        alice.tick(suspended)

    file(20.0)
    with pytest.raises(AssertionError, match="two open issues"):
        file(1e9)


def test_without_the_sweep_a_double_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def frozen_filer() -> None:
        alice, bob = two()
        alice.github.on_change = lambda: None

        def frozen(event: Event) -> None:
            if isinstance(event.call, CreateIssue) and not event.after:
                bob.tick()
                bob.world.now += 660
                bob.tick()
            kill_after(event, CreateIssue)

        with pytest.raises(Killed):
            alice.tick(frozen)
        bob.tick()
        checks.one_open_issue_per_root(alice.github)

    frozen_filer()
    monkeypatch.setattr(run, "sweep", blind)
    with pytest.raises(AssertionError, match="two open issues"):
        frozen_filer()


# Nothing due is forgotten.


class Unlatched(SimNode):
    """Due is what its counts say now; the book does not keep it."""

    def tick(self) -> None:
        self.disk.facts = {key: fact for key, fact in self.disk.facts.items() if fact.number}
        book = Book()
        for key, fact in self.disk.facts.items():
            book.put_fact(key, fact)
        self.known = self.known._replace(book=book)
        outcomes, self.docket = self.docket.outcomes, Docket(self.known)
        self.docket.outcomes = outcomes
        super().tick()


def a_backlog(kind: type[SimNode]) -> None:
    """More becomes due in one window than the caps let through in the lookback."""
    world = World(1)
    github = VirtualGitHub(world, Faults())
    node = kind(world, github)
    node.settings = msgspec.structs.replace(node.settings, caps=Caps(hour=2, day=2))
    node.start()
    client = SimClient(world, node, "storm")
    for number in range(1, 9):
        client.report(number, count=3)
    world.run(START + 6 * DAY)
    checks.all_are_filed(node, github, set(range(1, 9)))


def test_without_the_latch_what_leaves_the_lookback_under_the_cap_is_forgotten() -> None:
    a_backlog(SimNode)
    with pytest.raises(AssertionError, match="filed"):
        a_backlog(Unlatched)


# The same by seeds: a safeguard is taken out of all nodes, and some run of the simulator breaks a promise.

SEEDS = 40


def first_broken(draw: Callable[[int], Plan], kind: type[SimNode] | None = None, seeds: int = SEEDS) -> str:
    """What the checks say about the first of these seeds that breaks a promise; fails if none does."""
    for seed in range(1, seeds + 1):
        try:
            play(draw(seed), kind)
        except Broken as error:
            return str(error)
    pytest.fail("no check noticed")


def under(size: int, *faults: plans.Fault) -> Callable[[int], Plan]:
    """Plans of a fleet of this size with many of these faults, and nothing else."""
    return lambda seed: plans.drawn(seed, random.Random(f"under {seed}"), size, list(faults), 12)


def lost_answers(draw: random.Random, nodes: tuple[str, ...], at: float) -> plans.Step:
    return plans.Step(at, "github", "", "lost_answer", 1200.0, 0.15)


def slow_answers(draw: random.Random, nodes: tuple[str, ...], at: float) -> plans.Step:
    return plans.Step(at, "github", "", "slow", 2400.0, 12.0)


def lagging_lists(draw: random.Random, nodes: tuple[str, ...], at: float) -> plans.Step:
    return plans.Step(at, "github", "", "list_lag", 5000.0, 4000.0)


def paused_as_holder(draw: random.Random, nodes: tuple[str, ...], at: float) -> plans.Step:
    return plans.Step(at, "sleep", draw.choice(nodes), "before CreateIssue", 60.0)


def killed_at_commit(draw: random.Random, nodes: tuple[str, ...], at: float) -> plans.Step:
    return plans.Step(at, "crash", draw.choice(nodes), draw.choice(["before counts", "after counts"]), 1.0)


def killed_at_creation(draw: random.Random, nodes: tuple[str, ...], at: float) -> plans.Step:
    return plans.Step(at, "crash", draw.choice(nodes), "after CreateIssue", 1.0)


class MarkFirst(SimNode):
    """The high-water mark of the session is committed before the counts."""

    def commit_counts(self, session: str, high: int, staged: Staged, fresh: list[Sent]) -> None:
        self.disk.sessions[session] = high + 1
        self.fresh = fresh

    def counted(self, staged: Staged, high: int, reply: Callable[[int], None]) -> None:
        fresh, then = self.fresh, partial(super().counted, staged, high, reply)
        self.write("counts", lambda: (partial(self.commit_pages, staged, fresh), then))


class MarkLast(SimNode):
    """The high-water mark of the session is committed after the counts."""

    def commit_counts(self, session: str, high: int, staged: Staged, fresh: list[Sent]) -> None:
        self.commit_pages(staged, fresh)
        self.marks = {session: high + 1}

    def counted(self, staged: Staged, high: int, reply: Callable[[int], None]) -> None:
        marks, then = self.marks, partial(super().counted, staged, high, reply)
        self.write("counts", lambda: (lambda: self.disk.sessions.update(marks), then))


class Hasty(SimNode):
    """What is staged is taken over before it is committed."""

    def staged(self, staged: Staged) -> None:
        self.author.accept(staged)
        for page, tallies in staged.pages:
            self.known.ledger.put(page, tallies)


class Polite(SimNode):
    """Records are acknowledged before they are committed."""

    def receive(
        self,
        session: str,
        records: list[Sent],
        reply: Callable[[int], None],
        gap: Callable[[str, int], None] = lambda session, expected: None,
    ) -> None:
        expected = self.disk.sessions.get(session, 1)
        for record in records:
            if record.sequence >= expected:
                self.truth.commits.setdefault(record.uid, [])
        reply(records[-1].sequence)
        super().receive(session, records, lambda _: None, gap)


def disk_fails(draw: random.Random, nodes: tuple[str, ...], at: float) -> plans.Step:
    return plans.Step(at, "full", draw.choice(nodes), "", 300.0)


@pytest.mark.parametrize("kind", [MarkFirst, MarkLast, Hasty, Polite])
def test_with_the_steps_of_a_commit_in_another_order_counts_are_not_exact(kind: type[SimNode]) -> None:
    assert "count" in first_broken(under(1, killed_at_commit, disk_fails), kind)


class Chatty(FleetNode):
    """Pages are told before they are committed."""

    def staged(self, staged: Staged) -> None:
        self.publish(encode(PageMessage([self.fleet.signed(page) for page, _ in staged.pages])))


def test_with_pages_told_before_they_are_committed_others_count_what_never_was() -> None:
    assert "count" in first_broken(under(2, killed_at_commit), Chatty)


def test_seeds_without_the_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    def always_won(self: VirtualGitHub, claim: Claim) -> Claim:
        return msgspec.structs.replace(claim, sha=claim.nonce)

    monkeypatch.setattr(VirtualGitHub, "_create_claim", always_won)
    assert "two open issues" in first_broken(under(2, paused_as_holder))


class Impatient(FleetNode):
    """A claim is taken over at once."""

    def tick(self) -> None:
        self.settings = msgspec.structs.replace(self.settings, takeover_age=0.0, relist_gap=0.0)
        super().tick()


def test_seeds_without_the_takeover_age() -> None:
    assert "two open issues" in first_broken(under(2, paused_as_holder), Impatient)


def test_seeds_without_the_look_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover, "read_by_number", blind)
    assert "two open issues" in first_broken(under(1, killed_at_creation, lagging_lists))


def test_seeds_with_a_creation_that_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask_again(call: Any) -> Steps[Any]:
        try:
            return (yield from ask(call))
        except Unsure:
            return (yield from ask(call))

    monkeypatch.setattr(procedure, "ask", ask_again)
    assert "two open issues" in first_broken(under(1, lost_answers))


class Rash(FleetNode):
    """It files without having heard from anybody."""

    @property
    def settled(self) -> bool:
        return True


def test_seeds_without_the_settle_rule() -> None:
    assert "muted before it started" in first_broken(plans.settling, Rash)


def test_seeds_of_an_upgrade_without_the_look_under_the_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book, "renamed", blind)
    assert "two open issues" in first_broken(plans.upgrade)
