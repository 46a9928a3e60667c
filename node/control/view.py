"""What the control socket needs of the node for its answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from aggregator.agenda import Knowledge
from aggregator.book import Ruling
from aggregator.due import Policy
from aggregator.filing.case import Outcome
from aggregator.filing.settings import Settings
from aggregator.fleetkey import Keys
from aggregator.member import Member
from aggregator.question import Question
from aggregator.record import ErrorRecord
from node.config import Loaded
from node.control.done import Reloaded, Renewed
from node.control.peers import Leading, PeerRow
from node.control.rows import Summary
from node.control.state import Delivery, Finding, Health, Notified

T = TypeVar("T")


class Measured(NamedTuple):
    """One number, under a name of `metrics.METRICS`. `labels`: values, in the order that stands there."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


Seal = Callable[[Ruling], Ruling]


class FleetView(Protocol):
    """What the node knows of its fleet."""

    def peers(self) -> list[PeerRow]:
        """Every member and every neighbour, this node first."""
        ...

    def leading(self) -> list[Leading]: ...

    def members(self) -> list[Member]: ...

    async def seal(self) -> Seal:
        """What signs a ban with the fleet's key. Raises `FleetError` where that is not here."""
        ...

    async def renew(self, keys: Keys) -> Renewed:
        """Take over new keys, keep them, and tell the members. Raises `FleetError`."""
        ...


class Said(Protocol):
    """What a keeper answered: rows as MessagePack, in its words."""

    @property
    def keeper(self) -> str: ...
    @property
    def rows(self) -> Sequence[msgspec.Raw]: ...
    @property
    def left_out(self) -> int:
        """Rows that found no room in one answer."""
        ...


class KeepersView(Protocol):
    """Those that keep what this node does not."""

    def elsewhere(self) -> list[str]:
        """The repositories whose counts others keep, lower case."""
        ...

    def holds(self, repository: str) -> bool:
        """Whether anything about it may be here."""
        ...

    async def ask(self, question: Question, read: Callable[[Said], T]) -> T | None:
        """What `read` makes of the first answer that it does not refuse by a `ValueError`, or msgspec's `DecodeError`;
        None: none of them answers. Takes seconds."""
        ...


class Notifying(Protocol):
    """The notifications of this node."""

    def state(self) -> Notified: ...

    async def test(self) -> list[Delivery]:
        """Send one that says that it is a test, to all targets."""
        ...


class View(Protocol):
    """What the node offers. Everything may be called from any task of its loop."""

    @property
    def known(self) -> Knowledge: ...

    @property
    def loaded(self) -> Loaded: ...

    @property
    def policy(self) -> Policy: ...

    @property
    def settings(self) -> Settings:
        """For rendering."""
        ...

    @property
    def fleet(self) -> FleetView | None:
        """None: this node is alone."""
        ...

    @property
    def keepers(self) -> KeepersView | None:
        """None: this node is alone."""
        ...

    @property
    def notifying(self) -> Notifying: ...

    def now(self) -> float: ...

    def health(self) -> Health: ...

    def outcomes(self) -> Mapping[str, Outcome]:
        """By root: what became of it in the last run of filing."""
        ...

    async def records(self, ids: Sequence[str], signatures: Sequence[str]) -> list[ErrorRecord]:
        """Up to five samples, by id or of these signatures; the newest first."""
        ...

    async def actions(self) -> dict[str, int]:
        """Entries of the audit log, by action."""
        ...

    async def rule(
        self, action: str, subject: str, rulings: Sequence[tuple[str, str, Any]], seal: Seal = lambda ruling: ruling
    ) -> None:
        """Commit rulings (kind, subject, value) together with an entry of the audit log, and tell the fleet.

        `seal`: what signs them before they are committed.
        """
        ...

    async def bundle(self) -> Summary:
        """Run a bundle now."""
        ...

    async def measured(self) -> list[Measured]:
        """All numbers that are of use to who watches over many nodes."""
        ...

    async def doctor(self, offline: bool) -> list[Finding]:
        """Look whether all is in order, unless `offline` at GitHub too. Takes seconds."""
        ...

    async def reload(self) -> Reloaded:
        """Read the configuration again. Raises `ConfigError`; then the old one stays."""
        ...
