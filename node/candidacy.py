"""For which repositories this node is a candidate: filing is on, and its token can write issues and refs there.

Asked of GitHub every five minutes (while it may not file: after half a minute, then ever more rarely, see
`aggregator/candidacy.py`) and, between that, learnt from what filing came to: a node whose token was refused stops
standing for election, so that another one files. Where filing is off nothing is asked. With a new token, or other
settings, nothing is taken for granted and all is asked at once.
"""

from collections.abc import Callable
from typing import Protocol

import structlog
import trio

from aggregator.candidacy import learnt, look_after
from aggregator.filing.calls import Failure, NotSent
from aggregator.filing.case import Outcome
from aggregator.filing.settings import Settings
from aggregator.reason import Reason

UNABLE = frozenset({Reason.BAD_CREDENTIALS, Reason.GITHUB_AWAY})

log = structlog.get_logger("candidacy")


class GitHub(Protocol):
    async def why_not(self, repository: str) -> Reason | None:
        """Why this daemon cannot file there. Raises NotSent and Rejected."""
        ...


class Terms(Protocol):
    troubles: dict[str, Reason]  # by repository, lower case

    @property
    def filing(self) -> bool: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def interval(self) -> float:
        """Seconds between two bundles."""
        ...


class Candidacy:
    """Keeps `terms.troubles` true. `github`: as it is now; None while there is no token."""

    def __init__(self, github: Callable[[], GitHub | None], terms: Terms) -> None:
        self._github, self._terms = github, terms
        self._asked = False  # to look at once
        self._in_vain = 0  # looks in a row that found trouble
        self._news = trio.Event()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self._asked = False
            if self._terms.filing:
                for repository in sorted(self._terms.settings.repositories):
                    await self._look(repository)
            self._in_vain = self._in_vain + 1 if self._terms.troubles else 0
            await self._rest()

    def look_again(self) -> None:
        """Forget what was learnt: token or settings are others now."""
        self._terms.troubles.clear()
        self._in_vain = 0
        self._asked = True
        self._news.set()

    def learn(self, outcomes: tuple[Outcome, ...]) -> None:
        """Take note of what a run of filing came to."""
        for repository, reason in learnt(outcomes).items():
            self._set(repository, reason)

    async def _rest(self) -> None:
        """Until it is time for the next look, counted anew when filing learns that this node may not file."""
        while not self._asked:
            self._news = trio.Event()
            seconds = look_after(self._terms.troubles.values(), self._terms.interval, self._in_vain)
            with trio.move_on_after(seconds) as resting:
                await self._news.wait()
            if resting.cancelled_caught:
                return

    async def _look(self, repository: str) -> None:
        github = self._github()
        if github is None:
            return
        try:
            self._set(repository, await github.why_not(repository))
        except NotSent as failure:
            if failure.reason in UNABLE:  # who cannot reach GitHub must not stand before those who can
                self._set(repository, failure.reason)
        except Failure as failure:
            self._set(repository, failure.reason)

    def _set(self, repository: str, reason: Reason | None) -> None:
        name = repository.lower()
        before = self._terms.troubles.get(name)
        if reason is None:
            self._terms.troubles.pop(name, None)
        elif before is not reason:
            self._terms.troubles[name] = reason
            if before is None:
                self._news.set()
            log.warning("no candidate", repository=repository, reason=reason.value)
