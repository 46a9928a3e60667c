"""A view over a real ledger, history and book, as the daemon's page offers one; without the daemon."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aggregator.agenda import Knowledge
from aggregator.book import Book, Fact, FactKey, Standing
from aggregator.due import Policy
from aggregator.filing.case import Outcome
from aggregator.filing.settings import Settings
from aggregator.history import History
from aggregator.ledger import Ledger
from aggregator.page import Origin, Page, PageKey, write_body
from aggregator.record import ErrorRecord, ExceptionInfo, Frame
from aggregator.tally import Tally
from node.config import Loaded, load
from node.control.done import Reloaded
from node.control.rows import Summary
from node.control.state import Delivery, Finding, Health, Notified
from node.control.view import FleetView, KeepersView, Measured, Notifying, Seal
from tests.pure.factories import ALICE, name, tally

NOW = 1_800_000_900.0
WINDOW = 1_800_000_000
REPOSITORY = "acme/shop"
RECORD = ErrorRecord(
    message="order 77 of <b>bob</b> has no owner",
    type="ValueError",
    exceptions=[ExceptionInfo("ValueError", frames=[Frame("load", "shop.orders", "shop/orders.py", 20, True)])],
    context={"command": "shop run", "api_key": "sk-0123456789abcdef"},
)

POLICY = Policy(threshold=3, repository=REPOSITORY)
SETTINGS = Settings(node="alice", login="bot", marker_key=b"k" * 32)


@dataclass
class FakeNotifying:
    """A command that is notified; `trouble`: why nothing arrives."""

    trouble: str = ""
    sent: int = 0

    def state(self) -> Notified:
        last = [Delivery("command", self.trouble)] if self.sent else []
        return Notified(targets={"command": "page"}, events=["filed"], sent=self.sent, last=last)

    async def test(self) -> list[Delivery]:
        self.sent += 1
        return self.state().last


@dataclass
class FakeView:
    """What `View` asks for. Rulings go straight into the book."""

    loaded: Loaded
    known: Knowledge = field(default_factory=lambda: Knowledge(Ledger(), History(), Book()))
    policy: Policy = POLICY
    settings: Settings = SETTINGS
    came: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    last: Summary | None = None
    audit: list[str] = field(default_factory=list[str])
    reloads: int = 0
    fleet: FleetView | None = None
    keepers: KeepersView | None = None
    notifying: Notifying = field(default_factory=lambda: FakeNotifying())
    node: str = "alice"
    candidates: list[str] = field(default_factory=list[str])
    at: float = NOW

    def now(self) -> float:
        return self.at

    def health(self) -> Health:
        return Health(
            node=self.node,
            candidates=self.candidates,
            started=NOW - 60,
            peers=["bob"],
            leader={REPOSITORY: "alice"},
            received=7,
            acknowledged=7,
            refused={"rate": 2},
            token_source="GITHUB_TOKEN",
            last=self.last,
        )

    def outcomes(self) -> Mapping[str, Outcome]:
        return self.came

    async def records(self, ids: Sequence[str], signatures: Sequence[str]) -> list[ErrorRecord]:
        return [RECORD]

    async def actions(self) -> dict[str, int]:
        return dict(Counter(self.audit))

    async def rule(
        self, action: str, subject: str, rulings: Sequence[tuple[str, str, Any]], seal: Seal = lambda ruling: ruling
    ) -> None:
        self.audit.append(action)
        for kind, about, value in rulings:
            self.known.book.put_ruling(seal(self.known.book.rule(kind, about, value, "alice")))

    async def bundle(self) -> Summary:
        self.last = Summary(at="2027-01-15T08:15:00Z", unique=2, meeting_threshold=1, created=1, existing_checked=4)
        return self.last

    async def measured(self) -> list[Measured]:
        return [Measured("records", 7), Measured("records_refused", 2, ("rate",)), Measured("settled", True)]

    async def doctor(self, offline: bool) -> list[Finding]:
        return [Finding("token", "", "unknown" if offline else "ok", "as told")]

    async def reload(self) -> Reloaded:
        self.reloads += 1
        self.loaded = load(self.loaded.path, {})
        return Reloaded([], [])

    def saw(self, *tallies: Tally, origin: Origin = ALICE, window: int = WINDOW, number: int = 0) -> None:
        """Count these tallies."""
        page = Page(PageKey(origin, window, number), 1, write_body(list(tallies)))
        self.known.ledger.put(page, list(tallies))

    def file(self, number: int, issue: int) -> None:
        """Let the book say that signature `number` has issue `issue`."""
        key = FactKey(REPOSITORY, name(number))
        self.known.book.put_fact(key, Fact(Standing.FILED, NOW - 600, issue))


def some_view(directory: Path, **changes: Any) -> FakeView:
    """Four errors: new, due, filed and muted, with filing switched on."""
    path = directory / "config.toml"
    path.write_text(f'[filing]\nissues = true\n[github]\nrepository = "{REPOSITORY}"\n')
    view = FakeView(load(path, {}), **changes)
    view.saw(
        tally(1, 1, services={"shop": 1}),
        tally(2, 5, severity=2, first=NOW - 300, last=NOW - 10, releases={"1.2": 5}),
        tally(3, 1000),
        tally(4, 50),
    )
    view.file(3, 12)
    book = view.known.book
    book.put_ruling(book.rule("mute", name(4), {"until": "forever"}, "alice"))
    return view
