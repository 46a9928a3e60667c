"""What the node shows of itself on the control socket: its parts, under the names that `node/control` asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aggregator.agenda import Knowledge
from aggregator.due import Policy
from aggregator.filing.case import Outcome
from aggregator.filing.settings import Settings
from aggregator.moment import rfc3339
from aggregator.reason import Reason
from aggregator.record import BadRecord, ErrorRecord, decode
from aggregator.rulings import canonical
from node import measure
from node.book import BookKeeper, Seal
from node.bundle import CREATED, UPDATED, Bundled
from node.checkup import running
from node.clock import Clock
from node.config import Loaded, Places
from node.control import answers
from node.control.decided import issue_of
from node.control.done import Reloaded
from node.control.rows import Summary
from node.control.state import Finding, Health
from node.control.view import FleetView, KeepersView, Measured
from node.loopdelay import LoopDelay
from node.mesh import Mesh
from node.notification import Notifier
from node.outward import Outward
from node.store import Store, audit, samples
from node.warn import warnings

LATER = (
    "storage",
    "rate",
    "busy",
    "full",
    "displaced",
    "slow",
)  # counters of conversations that were ended, and may be taken up again
RECORDS = 5  # samples that are given out at once


@dataclass
class NodeView:
    """Satisfies `node.control.view.View`. `mesh`: None where this node is alone."""

    peer: str
    known: Knowledge
    keeper: BookKeeper
    outward: Outward
    mesh: Mesh | None
    store: Store
    clock: Clock
    ingest: Callable[[], Mapping[str, int]]
    started: float
    where: Places
    loop: LoopDelay
    notifying: Notifier

    @property
    def loaded(self) -> Loaded:
        return self.outward.terms.loaded

    @property
    def policy(self) -> Policy:
        return self.outward.terms.policy

    @property
    def settings(self) -> Settings:
        return self.outward.terms.settings

    @property
    def fleet(self) -> FleetView | None:
        return self.mesh.roll if self.mesh else None

    @property
    def keepers(self) -> KeepersView | None:
        return self.mesh.relay if self.mesh else None

    def now(self) -> float:
        return self.clock.now()

    def outcomes(self) -> Mapping[str, Outcome]:
        return self.outward.bundler.outcomes

    def health(self) -> Health:
        counted = self.ingest()
        taken = counted.get("records", 0) - counted.get("lost", 0)
        refused = {name.removeprefix("refused_"): n for name, n in counted.items() if name.startswith("refused_")}
        return Health(
            node=self.peer,
            started=self.started,
            peers=self.mesh.neighbours() if self.mesh else [],
            settled=self.mesh.election.settled if self.mesh else True,
            leader=self.leaders(),
            received=taken + sum(refused.values()),
            acknowledged=counted.get("kept", 0),
            refused=refused,
            told_to_wait={name: counted[name] for name in LATER if counted.get(name)},
            storage=str(self.store.trouble or ""),
            warnings=warnings(self.keeper, bool(self.mesh and self.mesh.copied)),
            gossip=self.mesh.statistics() if self.mesh else {},
            candidates=self.outward.terms.candidates(),
            trouble=self.outward.terms.trouble(),
            token_source=self.outward.terms.token_source,
            last=summary(self.outward.bundler.last) if self.outward.bundler.last else None,
        )

    def in_a_line(self) -> str:
        """How the node is, for who looks at the service."""
        if self.store.trouble:
            return f"counts nothing now: {self.store.trouble}"
        counted = self.ingest()
        refused = sum(n for name, n in counted.items() if name.startswith("refused_"))
        company = f"{len(self.mesh.neighbours())} peers" if self.mesh else "alone"
        filing = "files" if self.outward.terms.candidates() else "files nothing"
        errors = sum(1 for _ in self.known.ledger.roots())
        return f"{company}; {errors:,} errors; {counted.get('records', 0):,} records, {refused:,} refused; {filing}"

    def leaders(self) -> dict[str, str]:
        """By repository: the peer id of who files there."""
        terms = self.outward.terms
        if self.mesh is None:
            return dict.fromkeys(terms.candidates(), self.peer)
        orders = (self.mesh.election.standing(each) for each in sorted(terms.settings.repositories))
        return {each.repository: each.order[0] for each in orders if each.order}

    def address_of(self, root: str) -> str | None:
        """Where the issue of a root is, for the notice that a program prints."""
        root = canonical(self.known.book, root)
        found = issue_of(self, root, self.known.book.value("route", root) or self.policy.repository)
        return found.url if found else None

    async def records(self, ids: Sequence[str], signatures: Sequence[str]) -> list[ErrorRecord]:
        """By id where they are here, else of these signatures; what cannot be read any more is left out."""
        found = [await self.store.read(lambda db, each=each: samples.find(db, each)) for each in ids[:RECORDS]]
        rows = [row for row in found if row]
        for signature in signatures:
            if len(rows) >= RECORDS:
                break
            kept = await self.store.read(lambda db, each=signature: samples.of_signature(db, each))
            rows += [row for _, row in kept if row not in rows]
        if not rows and self.mesh:
            elsewhere = await self.mesh.samples.read(ids[:RECORDS])
            return [elsewhere] if elsewhere else []
        return readable(rows[:RECORDS])

    async def actions(self) -> dict[str, int]:
        return await self.store.read(audit.count)

    async def rule(
        self, action: str, subject: str, rulings: Sequence[tuple[str, str, Any]], seal: Seal = lambda ruling: ruling
    ) -> None:
        await self.keeper.decide(action, subject, rulings, seal)

    async def bundle(self) -> Summary:
        return summary(await self.outward.bundler.now())

    async def measured(self) -> list[Measured]:
        settled = self.mesh.election.settled if self.mesh else True
        return [
            *measure.of_node(self.started, settled, self.loop.worst),
            *measure.of_ingest(self.ingest()),
            *measure.of_knowledge(self.known),
            *(measure.of_mesh(self.mesh, self.clock) if self.mesh else ()),
            *measure.of_filing(self.outward),
            *measure.of_notify(self.notifying),
            Measured("database_bytes", await self.store.size()),
            Measured("commits", self.store.commits),
        ]

    async def doctor(self, offline: bool) -> list[Finding]:
        services = {name for row in answers.errors(self) for name in row.services or ("",)}
        return await running(
            self.outward, self.mesh, self.where, self.store.trouble, sorted(services), self.known.book.full(), offline
        )

    async def reload(self) -> Reloaded:
        return await self.outward.reload()


def readable(rows: Sequence[bytes]) -> list[ErrorRecord]:
    out: list[ErrorRecord] = []
    for row in rows:
        try:
            out.append(decode(row))
        except BadRecord:  # of another version; the counts stand all the same
            continue
    return out


def summary(done: Bundled) -> Summary:
    """What one bundle did, as it is told."""
    reasons = [each.reason for each in done.outcomes]
    return Summary(
        at=rfc3339(done.at),
        unique=done.unique,
        meeting_threshold=done.meeting_threshold,
        created=done.created,
        updated=done.updated,
        waiting=sum(each.state in ("waiting", "due") for each in done.outcomes),
        refused=sum(each.state == "refused" for each in done.outcomes),
        existing_checked=done.existing_checked,
        calls=done.calls,
        reason=_common(reasons),
    )


def _common(reasons: Sequence[Reason]) -> str:
    """The reason why nothing at all was filed, if there is just one."""
    names = {reason.name for reason in reasons}
    return names.pop() if len(names) == 1 and not names & {r.name for r in CREATED | UPDATED} else ""
