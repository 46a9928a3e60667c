"""Whatever is lost, killed, paused or done at once: one open issue, filed in claim and book, nothing forgotten."""

import random
from collections.abc import Iterator
from contextlib import suppress

import pytest

from aggregator.filing.calls import AdvanceClaim, CreateClaim, CreateIssue, Elapsed
from aggregator.reason import Reason
from tests.pure.desk import Desk, Event, Killed, Script, github, is_filed
from tests.pure.factories import name
from tests.simulation import checks

HOUR = 3600.0  # seconds, virtual, in which everything must be settled
CALLS = 35  # of a complete creation; a test below holds it to that
WORTH = [*range(1, 7), *range(24, CALLS + 1)]  # of these, all but the middle of 20 reads in a row
KINDS = ["killed before", "killed after", "request lost", "answer lost"]
FAULTS = [{}, {"list_lag": 480.0}, {"list_lag": 480.0, "stale_ref": 0.3}]


def disturb(index: int, kind: str) -> Script:
    """A script by which one thing goes wrong at the call with this index."""

    def script(event: Event) -> None:
        if event.index != index:
            return
        if kind == "killed before" and not event.after:
            raise Killed
        if kind == "killed after" and event.after:
            raise Killed
        if kind.endswith("lost") and not event.after:
            event.lost = kind.removesuffix(" lost")

    return script


def test_a_complete_creation_makes_this_many_calls() -> None:
    desk, seen = Desk(github()), list[str]()
    desk.see()
    desk.tick(lambda event: None if event.after else seen.append(type(event.call).__name__))
    assert is_filed(desk) == 1
    assert seen == [
        "ListIssues",
        "HighestNumber",
        "ReadClaim",
        "ReadSample",
        *["ReadIssue"] * 20,
        "Elapsed",
        "Intend",
        "CreateClaim",
        "ListIssues",
        *["ReadIssue"] * 3,
        "Elapsed",
        "CreateIssue",
        "AdvanceClaim",
        "Note",
    ]
    assert len(seen) == CALLS


@pytest.mark.parametrize("faults", FAULTS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", WORTH)
def test_one_call_goes_wrong_and_the_next_process_files_one_issue(
    index: int, kind: str, faults: dict[str, float]
) -> None:
    desk = Desk(github(index, **faults))
    desk.see()
    try:
        desk.tick(disturb(index, kind))
    except Killed:
        desk = desk.restarted()
    desk.settle(2 * HOUR)
    assert is_filed(desk) == 1
    assert desk.github.calls.count("CreateIssue") <= 2


@pytest.mark.parametrize("faults", FAULTS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", WORTH)
def test_one_call_goes_wrong_and_another_node_files_one_issue(index: int, kind: str, faults: dict[str, float]) -> None:
    alice = Desk(github(index, **faults))
    alice.see()
    with suppress(Killed):
        alice.tick(disturb(index, kind))
    bob = Desk(alice.github, "bob")
    bob.see()
    bob.settle(2 * HOUR)
    assert is_filed(bob) == 1
    alice = alice.restarted()
    alice.settle(2 * HOUR)
    assert is_filed(alice) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("second", [*range(1, 25), *range(44, 60)])
def test_a_second_thing_goes_wrong_while_the_lost_answer_is_cleared_up(second: int, kind: str) -> None:
    """The answer to the creation is lost; then the recovery is disturbed at each of its calls."""
    desk = Desk(github(second, list_lag=480.0))
    desk.see()
    desk.tick(disturb(10, "request lost" if second % 2 else "answer lost"))
    desk.wait()
    for _ in range(2):
        try:
            desk.tick(disturb(second, kind))
            desk.wait()
        except Killed:
            desk = desk.restarted()
    desk.settle(2 * HOUR)
    is_filed(desk)


def test_a_restarted_process_never_creates_on_a_claim_of_its_former_self() -> None:
    desk = Desk(github())
    desk.see()

    def killed_after_winning(event: Event) -> None:
        if event.after and isinstance(event.call, CreateClaim):
            raise Killed

    with pytest.raises(Killed):
        desk.tick(killed_after_winning)
    desk = desk.restarted()
    assert desk.file().reason is Reason.OUTCOME_UNKNOWN
    desk.world.now += 590
    assert desk.file().reason is Reason.OUTCOME_UNKNOWN
    desk.world.now += 130
    assert desk.file().reason is Reason.CREATED


def test_who_lives_on_goes_on_at_once_when_surely_nothing_was_sent() -> None:
    desk = Desk(github())
    desk.see()
    outcome = desk.file(script=disturb(8, "request lost"))
    assert outcome.reason is Reason.GITHUB_AWAY
    assert desk.file().reason is Reason.CREATED


PAUSES = [(19.0, Reason.CREATED), (21.0, Reason.OUT_OF_TIME), (660.0, Reason.OUT_OF_TIME)]


@pytest.mark.parametrize(("pause", "reason"), PAUSES)
@pytest.mark.parametrize("where", ["after winning", "while winning"])
def test_who_was_suspended_between_winning_and_creating_gives_up_beyond_20_s(
    pause: float, reason: Reason, where: str
) -> None:
    desk = Desk(github())
    desk.see()

    def suspended(event: Event) -> None:
        if isinstance(event.call, CreateClaim) and event.after == (where == "after winning"):
            desk.world.now += pause - 1  # the calls themselves take the rest

    assert desk.file(script=suspended).reason is reason
    desk.settle()
    assert is_filed(desk) == 1


def test_who_was_suspended_for_longer_than_the_takeover_age_leaves_the_field_to_who_took_over() -> None:
    alice = Desk(github())
    bob = Desk(alice.github, "bob")
    alice.see()
    bob.see()

    def suspended(event: Event) -> None:
        if event.after and isinstance(event.call, CreateClaim):
            assert bob.file().reason is Reason.CLAIMED_BY_OTHER
            bob.world.now += 660
            assert bob.file().reason is Reason.CREATED

    assert alice.file(script=suspended).reason is Reason.FOUND
    assert is_filed(alice) == is_filed(bob) == 1


def test_a_filer_frozen_at_the_very_moment_of_sending_makes_a_second_issue_that_the_next_sweep_closes() -> None:
    """The one exception: GitHub's create call takes no fencing token."""
    alice = Desk(github())
    bob = Desk(alice.github, "bob")
    alice.github.on_change = lambda: None
    alice.see()
    bob.see()

    def frozen(event: Event) -> None:
        if not event.after and isinstance(event.call, CreateIssue):
            bob.file()
            bob.world.now += 660
            assert bob.file().reason is Reason.CREATED

    def killed(event: Event) -> None:
        frozen(event)
        if event.after and isinstance(event.call, CreateIssue):
            raise Killed

    with pytest.raises(Killed):
        alice.tick(killed)
    assert len(alice.github.open_issues()) == 2
    bob.tick()
    assert is_filed(bob) == 1
    assert alice.github.issues[2].duplicate_of == 1


def test_of_an_issue_that_was_posted_twice_the_book_names_the_one_that_stays_though_nothing_occurs() -> None:
    alice = Desk(github())
    alice.github.on_change = lambda: None
    alice.see()

    def doubled(event: Event) -> None:
        call = event.call
        if not event.after and isinstance(call, CreateIssue):
            alice.github.report_by_hand(call.title, call.body, alice.settings.login, call.labels)

    assert alice.file(script=doubled).number == 2
    alice.tick()
    assert [issue.number for issue in alice.github.open_issues()] == [1]
    assert alice.github.issues[2].duplicate_of == 1
    known = alice.fact()
    assert known is not None
    assert known.number == 1


def test_a_frozen_filer_that_lives_closes_its_own_higher_issue_at_once() -> None:
    alice = Desk(github())
    bob = Desk(alice.github, "bob")
    alice.github.on_change = lambda: None
    alice.see()
    bob.see()

    def frozen(event: Event) -> None:
        if not event.after and isinstance(event.call, CreateIssue):
            bob.file()
            bob.world.now += 660
            bob.file()

    assert alice.file(script=frozen).number == 1
    assert is_filed(alice) == is_filed(bob) == 1


# Several at once.


class Race:
    """Processes of several nodes, each stepped on from call to call in an order that the seed decides."""

    def __init__(self, seed: int, nodes: int) -> None:
        self.random = random.Random(seed)
        lag, stale = self.random.choice([0.0, 120.0, 480.0]), self.random.choice([0.0, 0.3])
        self.github = github(seed, list_lag=lag, stale_ref=stale)
        self.desks = [Desk(self.github, f"node{n}") for n in range(nodes)]
        self.running: list[Iterator[Event] | None] = [None] * nodes
        for desk in self.desks:
            desk.see()

    def step(self, disturbed: float) -> None:
        """One process goes on by half a call, starts, is killed, or loses a message."""
        at = self.random.randrange(len(self.desks))
        steps = self.running[at]
        if steps is None:
            self.running[at] = steps = self.desks[at].steps()
        event = next(steps, None)
        if event is None:
            self.running[at] = None
            self.github.world.now += self.random.choice([0.0, 1.0, 60.0, 400.0]) if self.idle else 0.0
        elif self.random.random() < disturbed:
            self.disturb(at, event)

    def disturb(self, at: int, event: Event) -> None:
        if self.random.random() < 0.5:
            self.running[at] = None
            self.desks[at] = self.desks[at].restarted()
        elif not event.after:
            event.lost = self.random.choice(["request", "answer"])

    @property
    def idle(self) -> bool:
        """Whether nobody is between two calls: only then may time leap, for a leap is a suspension to all others."""
        return not any(self.running)


@pytest.mark.parametrize("nodes", [2, 3])
@pytest.mark.parametrize("seed", range(200))
def test_processes_that_interleave_at_every_call_make_one_issue(seed: int, nodes: int) -> None:
    race = Race(seed, nodes)
    for _ in range(120 * nodes):
        race.step(disturbed=0.05)
    for desk in [each.restarted() for each in race.desks]:
        desk.settle(3 * HOUR)
        is_filed(desk)
    checks.one_open_issue_per_root(race.github)


def orders(calls: list[int]) -> list[tuple[int, int]]:
    """Every way in which a second process can run two stretches between these calls of a first."""
    return [(first, second) for first in calls for second in calls if first <= second]


@pytest.mark.parametrize(("first", "second"), orders([0, *WORTH]))
def test_a_second_process_runs_between_any_two_calls_of_the_first(first: int, second: int) -> None:
    """Bob runs up to his claim after Alice's call `first`, and to the end after her call `second`."""
    alice = Desk(github())
    bob = Desk(alice.github, "bob")
    alice.see()
    bob.see()
    steps = bob.steps()

    def between(event: Event) -> None:
        if event.after and event.index == first:
            for _ in range(52):
                next(steps, None)
        if event.after and event.index == second:
            for _ in steps:
                pass

    alice.tick(between)
    for _ in steps:
        pass
    for desk in (alice, bob):
        desk.settle()
        assert is_filed(desk) == 1
    assert alice.github.calls.count("CreateIssue") == 1


def test_the_deadline_counts_from_before_the_claim_was_sent() -> None:
    desk = Desk(github())
    desk.see()
    order = list[str]()
    desk.tick(lambda event: None if event.after else order.append(type(event.call).__name__))
    assert order.index(Elapsed.__name__) < order.index(CreateClaim.__name__)


def test_what_github_refuses_to_do_releases_the_claim_for_anybody() -> None:
    alice = Desk(github())
    alice.see()

    def refused(event: Event) -> None:
        if not event.after and isinstance(event.call, CreateIssue):
            alice.github.faults.refused = 1.0
        if event.after and isinstance(event.call, CreateIssue):
            alice.github.faults.refused = 0.0

    assert alice.file(script=refused).reason is Reason.RATE_LIMITED
    assert alice.github.refs[name(1)][-1].state == "released"
    bob = Desk(alice.github, "bob")
    bob.see()
    assert bob.file().reason is Reason.CREATED


def test_a_claim_whose_release_is_lost_is_still_used_at_once_by_who_knows_that_nothing_was_sent() -> None:
    desk = Desk(github())
    desk.see()

    def refused(event: Event) -> None:
        if isinstance(event.call, CreateIssue):
            desk.github.faults.refused = float(not event.after)
        if isinstance(event.call, AdvanceClaim) and not event.after:
            event.lost = "request"

    assert desk.file(script=refused).reason is Reason.RATE_LIMITED
    assert desk.github.refs[name(1)][-1].state == "creating"
    assert desk.file().reason is Reason.CREATED
