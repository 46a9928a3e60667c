"""What a node has before it from tick to tick: which roots to judge, which cases are its own, what became of them.

One tick: `take` what changed, commit its `latches`; then, for each repository of its `work`, file what is `mine` when
this node's turn has come; `close` it with the outcomes. A tick that fails is given `back`, so that the next one looks
at all of it again. Nothing here waits or writes: the daemon and the simulator carry out the same decisions.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from aggregator.agenda import Knowledge, Latch, cases, newly_due, pending, take_changed, unsettled
from aggregator.due import Policy
from aggregator.filing.case import Case, Outcome
from aggregator.reason import Reason

DECIDING = ("mute", "drop", "never", "generation", "edge")  # rulings that decide whether something is due


class Tick(NamedTuple):
    """One tick, and what holds for it."""

    now: float  # Unix seconds
    changed: frozenset[str]  # roots of which there is news
    policy: Policy
    most: int  # cases that are taken up at a time in one repository
    nonce: Callable[[], str]


class Docket:
    """All that is undone, and the last outcome of each root. Only in memory: a new process looks at everything."""

    def __init__(self, known: Knowledge) -> None:
        self.outcomes: dict[str, Outcome] = {}  # by root: what became of it last
        self._known = known
        self._changed: set[str] = set(known.ledger.roots())
        self._judged_by: object = None  # policy and rulings that all roots were last judged by
        self._led: set[str] = set()  # repositories for which this node was first at the last tick

    def take(self, now: float, policy: Policy, most: int, nonce: Callable[[], str]) -> Tick:
        """A tick begins."""
        changed, self._changed = self._changed | take_changed(self._known), set()
        return Tick(now, frozenset(changed), policy, max(most, 1), nonce)

    def back(self, tick: Tick) -> None:
        """The tick failed."""
        self._changed |= tick.changed
        self._led.clear()

    def latches(self, tick: Tick, node: str) -> list[Latch]:
        """What became due: to be committed, then `judged`.

        Of what changed; of everything, where a route, threshold or ruling may have made due what did not change.
        """
        unchanged = self._terms(tick) == self._judged_by
        roots = tick.changed if unchanged else {*tick.changed, *self._known.ledger.roots()}
        return newly_due(self._known, roots, tick.policy, tick.now, node)

    def judged(self, tick: Tick) -> None:
        """The latches of this tick are committed."""
        self._judged_by = self._terms(tick)

    def work(self, tick: Tick) -> dict[str, list[Case]]:
        """The cases of a tick by repository."""
        return self._cases(tick, tick.changed)

    def mine(self, tick: Tick, repository: str, waited: list[Case], rank: int) -> list[Case] | None:
        """What of the work of a repository is this node's, now that its turn has come; None: nothing at all.

        The first in rank runs even without a case: its run mends what is double.
        """
        if rank == 0:
            return self._first(tick, repository, waited)
        return self._left(tick, repository, waited) or None

    def not_mine(self, repository: str, waited: list[Case], reason: Reason) -> list[Outcome]:
        """What is said of the cases of a repository in which this node does not file."""
        self._led.discard(repository)
        return [waits(each.bundle.root, repository, reason, each.number) for each in waited]

    def close(self, tick: Tick, outcomes: Iterable[Outcome]) -> None:
        """The tick is over."""
        done = list(outcomes)
        self._changed |= unsettled(done)
        self._remember(tick, done)

    def _first(self, tick: Tick, repository: str, waited: list[Case]) -> list[Case]:
        """Who was not first at the last run looks at all that is filed: who was may have died over its updates."""
        if repository in self._led:
            return waited
        self._led.add(repository)
        return self._cases(tick, {*tick.changed, *self._known.ledger.roots()}).get(repository, [])

    def _left(self, tick: Tick, repository: str, waited: list[Case]) -> list[Case]:
        """After waiting for those before us in rank: what was due and is still not filed. Updates are the first one's.

        What became due meanwhile is theirs: they have not had their time for it yet.
        """
        self._led.discard(repository)
        roots = {each.bundle.root for each in waited}
        left = self._cases(tick, tick.changed).get(repository, [])
        return [each for each in left if not each.number and each.bundle.root in roots]

    def _cases(self, tick: Tick, changed: Iterable[str]) -> dict[str, list[Case]]:
        refused = {root for root, each in self.outcomes.items() if each.state == "refused"}
        return cases(self._known, changed, tick.policy, tick.now, tick.nonce, tick.most, refused)

    def _terms(self, tick: Tick) -> object:
        book = self._known.book
        rulings = (r for kind in DECIDING for r in book.rulings(kind))
        return tick.policy, frozenset((r.kind, r.subject, r.version, r.origin) for r in rulings)

    def _remember(self, tick: Tick, outcomes: list[Outcome]) -> None:
        """The last outcome of each root that is due or filed; what waits beyond this run's share waits for the cap.

        A refusal stays: what was refused goes last, and is not asked again at every run.
        """
        self.outcomes.update({each.root: each for each in outcomes})
        named = {root for root, each in self.outcomes.items() if each.state == "refused"} | {o.root for o in outcomes}
        for key, verdict in pending(self._known, tick.policy):
            if verdict.state == "due" and key.root not in named:
                self.outcomes[key.root] = waits(key.root, key.repository, Reason.CAP_REACHED)
        kept = {key.root for key, _ in self._known.book.facts()}
        self.outcomes = {root: each for root, each in self.outcomes.items() if root in kept}


def waits(root: str, repository: str, reason: Reason, number: int = 0) -> Outcome:
    """A root of which nothing was done now."""
    return Outcome(root, repository, "filed" if number else "waiting", reason, number)
