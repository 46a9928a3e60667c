"""What filing came to, as news.

Two sorts. An issue that was created or reopened is news at that moment. Trouble (a refused token, a cap) is a state:
it is told when it has lasted for its patience, again after a day if it still lasts, and when it comes back.

| trouble | is about | patience |
|---|---|---|
| GitHub or the claim refuses | the repository | 20 s, in which nodes hear that others have the same |
| GitHub does not answer | the repository | half an hour: it mends itself |
| a cap or a limit; no room in the book | the repository | none |
| left to a human; a closed issue that got a comment | the root | none |
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aggregator.candidacy import LASTING
from aggregator.filing.case import Outcome
from aggregator.notification.event import BREAKER, FAILURE, FILED, HUMAN, REGRESSION
from aggregator.notification.latch import DAY, ONCE, Key, Latch
from aggregator.reason import Reason

AGREEING = 20.0  # seconds; some presences long
AWAY = 1800.0  # seconds; two bundles long
UNKNOWN = 10_000  # roots whose creation had no answer that are remembered

DONE: Mapping[Reason, str] = {
    Reason.CREATED: FILED,
    Reason.ADOPTED: FILED,
    Reason.REOPENED: REGRESSION,
    Reason.LINKED: REGRESSION,
}


class Lasting(NamedTuple):
    kind: str
    patience: float  # seconds
    again: float  # seconds
    of_root: bool = False  # else of the repository


TROUBLE: Mapping[Reason, Lasting] = {
    **dict.fromkeys(
        (
            *LASTING,
            Reason.REJECTED,
            Reason.NO_TOKEN,
        ),
        Lasting(FAILURE, AGREEING, DAY),
    ),
    Reason.GITHUB_AWAY: Lasting(FAILURE, AWAY, DAY),
    Reason.BOOK_FULL: Lasting(FAILURE, 0.0, DAY),
    **dict.fromkeys((Reason.CAP_REACHED, Reason.RATE_LIMITED), Lasting(BREAKER, 0.0, DAY)),
    **dict.fromkeys(
        (
            Reason.FLAPPING,
            Reason.DUPLICATE_LOST,
            Reason.CLAIM_UNREADABLE,
            Reason.TRANSFERRED,
            Reason.GONE,
            Reason.LOCKED,
        ),
        Lasting(HUMAN, 0.0, ONCE, of_root=True),
    ),
    Reason.COMMENTED: Lasting(REGRESSION, 0.0, ONCE, of_root=True),
}


class News(NamedTuple):
    """An outcome that is to be told. `roots`: how many have it, where it is about the repository."""

    kind: str
    outcome: Outcome
    roots: int = 0


class Outcomes:
    """Take in what each run of filing came to; ask for what is to be told."""

    def __init__(self, latch: Latch) -> None:
        self._latch = latch
        self._lasting: dict[Key, tuple[float, News]] = {}  # by key: since when
        self._unknown: set[str] = set()  # roots of which nobody knows whether they were created

    def take(self, outcomes: Iterable[Outcome], now: float) -> list[News]:
        """Returns what is news at once; trouble is found by `ripe`."""
        every = list(outcomes)
        done = [news for each in every if (news := self._done(each)) is not None]
        troubles = troubles_of(every)
        for key in concerned([*self._lasting, *self._latch.keys()], every) - troubles.keys():
            self._lasting.pop(key, None)
            self._latch.ended(key, now)
        for key, news in troubles.items():
            since = self._lasting[key][0] if key in self._lasting else now
            self._lasting[key] = since, news
        return done

    def ripe(self, now: float) -> list[tuple[Key, News]]:
        """Trouble that has lasted for its patience and is to be told, with its key. Say `told` of each."""
        return [
            (key, news)
            for key, (since, news) in self._lasting.items()
            if now - since >= TROUBLE[news.outcome.reason].patience and not self._latch.silent(key, now)
        ]

    def told(self, key: Key, now: float) -> None:
        """It was told, by this node or by another."""
        _, news = self._lasting[key]
        self._latch.told(key, now, TROUBLE[news.outcome.reason].again)

    def _done(self, each: Outcome) -> News | None:
        """An issue whose creation had no answer, and that was found later, was created."""
        was_unknown = each.root in self._unknown
        if each.reason is Reason.OUTCOME_UNKNOWN and len(self._unknown) < UNKNOWN:
            self._unknown.add(each.root)
        elif each.state == "filed":
            self._unknown.discard(each.root)
        kind = FILED if was_unknown and each.reason is Reason.FOUND else DONE.get(each.reason)
        return News(kind, each) if kind else None


def troubles_of(outcomes: Iterable[Outcome]) -> dict[Key, News]:
    """One for each repository and reason, or for each root."""
    found: dict[Key, News] = {}
    for each in outcomes:
        trouble = TROUBLE.get(each.reason)
        if trouble is None:
            continue
        key = Key(each.repository.lower(), each.root if trouble.of_root else "", each.reason.name)
        before = found.get(key, News(trouble.kind, each))
        found[key] = before._replace(roots=before.roots + (not trouble.of_root))
    return found


def concerned(keys: Iterable[Key], outcomes: Iterable[Outcome]) -> set[Key]:
    """Those of `keys` about whose repository or root there is an outcome."""
    roots = {(each.repository.lower(), each.root) for each in outcomes}
    seen = roots | {(repository, "") for repository, _ in roots}
    return {key for key in keys if (key.repository, key.root) in seen}
