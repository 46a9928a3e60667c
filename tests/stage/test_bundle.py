"""The ticks of a node: what is due is latched and filed in turn, and nothing is dropped on the way."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from aggregator.agenda import Knowledge
from aggregator.book import Fact, FactKey, Standing
from aggregator.due import Policy
from aggregator.filing.case import Outcome
from aggregator.filing.run import Run
from aggregator.filing.settings import Caps, Settings
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.page import Page, PageKey, write_body
from aggregator.reason import Reason
from node.book import BookKeeper, open_book
from node.bundle import Bundler
from node.store import open_store
from tests.pure.factories import ALICE, name, tally

NOW = 1_800_000_000.0
WINDOW = int(NOW // 900) * 900
PLACE = "acme/app"


class Noon:
    def now(self) -> float:
        return NOW

    def elapsed(self) -> float:
        return 0.0


@dataclass
class Settable:
    """A wall clock that is `ahead` by so many seconds."""

    ahead: float = 0.0

    def now(self) -> float:
        return NOW + self.ahead + self.elapsed()

    def elapsed(self) -> float:
        return trio.current_time()


@dataclass
class Terms:
    """What a test lets the configuration, the token and the fleet say."""

    rank: int | Reason = 0
    policy: Policy = field(default_factory=lambda: Policy(repository=PLACE))
    settings: Settings = field(default_factory=lambda: Settings(node="alice", login="bot", marker_key=b"k" * 32))
    interval: float = 900.0
    delay: float = 0.0
    meanwhile: Callable[[], Awaitable[None]] | None = None  # happens while this node waits for its turn
    held: str = ""  # repository in which others are at work, until
    released: trio.Event = field(default_factory=trio.Event)

    async def turn(self, repository: str, began: float) -> int | Reason:
        if repository == self.held:
            await self.released.wait()
        if self.meanwhile:
            await self.meanwhile()
        return self.rank


@dataclass
class GitHub:
    """Files everything, or says what it is told to say."""

    runs: list[Run] = field(default_factory=list[Run])
    says: dict[str, tuple[str, Reason]] = field(default_factory=dict[str, tuple[str, Reason]])

    async def file(self, job: Run, settings: Settings) -> list[Outcome]:
        self.runs.append(job)
        return [self._outcome(each.bundle.root, each.number) for each in job.cases]

    def roots(self) -> list[list[str]]:
        """The roots of each run."""
        return [[each.bundle.root for each in job.cases] for job in self.runs]

    def _outcome(self, root: str, number: int) -> Outcome:
        state, reason = self.says.get(root, ("filed", Reason.CREATED))
        return Outcome(root, PLACE, state, reason, number)


@dataclass
class Desk:
    bundler: Bundler
    keeper: BookKeeper
    known: Knowledge
    terms: Terms
    github: GitHub

    def see(self, *numbers: int, sequence: int = 1) -> None:
        tallies = [tally(number, 5) for number in numbers]
        page = Page(PageKey(ALICE, WINDOW, numbers[0]), sequence, write_body(tallies))
        self.known.ledger.put(page, tallies)

    async def filed(self, number: int) -> None:
        await self.keeper.note(FactKey(PLACE, name(number)), Fact(Standing.FILED, NOW, number))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with open_store(tmp_path) as store:
        keeper = await open_book(store, "alice", Noon())
        known = Knowledge(Ledger(), History(), keeper.book)
        terms, github = Terms(), GitHub()
        bundler = Bundler(known, keeper, github.file, terms, Noon(), lambda: "n")
        yield Desk(bundler, keeper, known, terms, github)


async def test_a_run_says_how_many_calls_it_cost(desk: Desk) -> None:
    desk.bundler.calls = lambda: 3 + 4 * len(desk.github.runs)
    desk.see(1)
    assert [(await desk.bundler.now()).calls for _ in range(2)] == [4, 4]


async def test_what_is_due_is_latched_though_this_node_may_not_file(desk: Desk) -> None:
    desk.terms.rank = Reason.NOT_ELECTED
    desk.see(1)
    done = await desk.bundler.now()
    assert [(each.state, each.reason) for each in done.outcomes] == [("waiting", Reason.NOT_ELECTED)]
    assert desk.github.runs == []
    fact = desk.keeper.book.fact(FactKey(PLACE, name(1)))
    assert fact is not None
    assert fact.standing is Standing.PENDING


async def test_the_first_in_rank_sweeps_a_repository_in_which_nothing_is_due(desk: Desk) -> None:
    await desk.filed(1)
    await desk.bundler.now()
    assert desk.github.roots() == [[]]


async def test_a_higher_rank_files_what_is_left_and_does_nothing_else(desk: Desk) -> None:
    desk.terms.rank = 1
    await desk.filed(1)
    desk.see(1)
    await desk.bundler.now()
    assert desk.github.runs == []
    desk.see(2)
    await desk.bundler.now()
    assert desk.github.roots() == [[name(2)]]


async def test_a_higher_rank_leaves_to_the_first_what_became_due_while_it_waited(desk: Desk) -> None:
    async def another_becomes_due() -> None:
        desk.see(3)
        await desk.keeper.note(FactKey(PLACE, name(3)), Fact(Standing.PENDING, NOW))

    desk.terms.rank, desk.terms.meanwhile = 1, another_becomes_due
    desk.see(2)
    await desk.bundler.now()
    assert desk.github.roots() == [[name(2)]]
    await desk.bundler.now()
    assert desk.github.roots()[-1] == [name(2), name(3)]


async def test_a_repository_in_which_others_are_at_work_holds_up_no_other(desk: Desk) -> None:
    for place in ("acme/a", "acme/b"):
        await desk.keeper.note(FactKey(place, name(1)), Fact(Standing.FILED, NOW, 1))
    desk.terms.held = "acme/a"
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(desk.bundler.now)
            while [job.repository for job in desk.github.runs] != ["acme/b"]:  # noqa: ASYNC110
                await trio.sleep(0.01)
            desk.terms.released.set()
    assert [job.repository for job in desk.github.runs] == ["acme/b", "acme/a"]


async def test_who_becomes_first_looks_at_all_that_is_filed_once(desk: Desk) -> None:
    """The one before may have died before it had told what it heard."""
    desk.terms.rank = 1
    await desk.filed(1)
    desk.see(1)
    await desk.bundler.now()
    desk.terms.rank = 0
    await desk.bundler.now()
    await desk.bundler.now()
    assert desk.github.roots() == [[name(1)], []]


async def test_what_waits_is_looked_at_again_though_nothing_more_occurs(desk: Desk) -> None:
    await desk.filed(1)
    desk.see(1)
    desk.github.says[name(1)] = "waiting", Reason.RATE_LIMITED
    await desk.bundler.now()
    await desk.bundler.now()
    assert desk.github.roots() == [[name(1)], [name(1)]]


async def test_what_github_refuses_goes_last_and_keeps_its_reason(desk: Desk) -> None:
    desk.terms.settings = msgspec.structs.replace(desk.terms.settings, caps=Caps(1, 1))
    desk.see(1, 2, 3)
    for number in (1, 2):
        desk.github.says[name(number)] = "refused", Reason.CLAIM_UNREADABLE
    for _ in range(3):
        await desk.bundler.now()
    assert desk.github.roots() == [[name(1)], [name(2)], [name(3)]]
    assert desk.bundler.outcomes[name(1)].reason is Reason.CLAIM_UNREADABLE


async def test_an_unmuted_error_is_due_though_it_does_not_occur_again(desk: Desk) -> None:
    await desk.keeper.rule("mute", name(1), {"until": "forever"})
    desk.see(1)
    await desk.bundler.now()
    assert desk.github.runs == []
    await desk.keeper.rule("mute", name(1), None)
    await desk.bundler.now()
    assert desk.github.roots() == [[name(1)]]


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0], ids=["back", "ahead"])
async def test_a_clock_that_is_set_makes_no_bundle_late(
    desk: Desk, autojump_clock: trio.testing.MockClock, ahead: float
) -> None:
    clock, runs = Settable(), list[float]()
    bundler = Bundler(desk.known, desk.keeper, desk.github.file, desk.terms, clock, lambda: "n")
    bundler.listener = lambda _outcomes: runs.append(trio.current_time())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bundler.run)
        await trio.sleep(1.0)
        clock.ahead = ahead
        await trio.sleep(2 * desk.terms.interval)
        nursery.cancel_scope.cancel()
    assert len(runs) >= 2
