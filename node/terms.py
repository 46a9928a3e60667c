"""On which terms this node files: what configuration, token and fleet say, asked anew for each run.

`reload` takes over a new configuration as a whole, or keeps the old one. What a running node cannot change (sockets,
directories, the network) is named, and waits for the next start.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aggregator.due import Policy
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from node.config import SETTINGS, Loaded, load, value_of
from node.control.done import Reloaded
from node.policy import policy_of, settings_of

LIVE_SECTIONS = frozenset({"filing", "bundle", "github", "healing", "notify"})
AT_START = frozenset({"bundle.window", "bundle.lookback"})  # of these sections


class Account(Protocol):
    """Whom the token speaks for."""

    @property
    def login(self) -> str: ...

    @property
    def source(self) -> str:
        """Where the token came from; empty: there is none."""
        ...

    async def why_not(self) -> Reason | None:
        """Why the token cannot be used; None: it can, and `login` is known."""
        ...


class NoAccount:
    """Of a node without a token."""

    login = ""
    source = ""

    async def why_not(self) -> Reason | None:
        return Reason.NO_TOKEN


Election = Callable[[str, float], Awaitable[int | Reason]]


async def alone(_repository: str, _began: float) -> int | Reason:
    """The election of a node without a fleet: it is always the first."""
    return 0


class Terms:
    """`elect`: this node's rank for a repository when its turn comes, or why it has none.

    `wait`: seconds after a tick until this node bundles; a quarter of a shorter interval.
    """

    def __init__(
        self,
        loaded: Loaded,
        environment: Mapping[str, str],
        peer: str,
        marker_key: bytes,
        account: Account | None = None,
    ) -> None:
        self.loaded = loaded
        self.elect: Election = alone
        self.wait = 0.0
        self.troubles: dict[str, Reason] = {}  # by repository, lower case: why the token cannot file there
        self._account: Account = account or NoAccount()
        self.environment = environment
        self._peer, self._marker_key = peer, marker_key

    @property
    def policy(self) -> Policy:
        return policy_of(self.loaded.config)

    @property
    def settings(self) -> Settings:
        return settings_of(self.loaded.config, self._peer, self._account.login, self._marker_key)

    @property
    def interval(self) -> float:
        return self.loaded.config.bundle.interval

    @property
    def delay(self) -> float:
        return min(self.wait, self.interval / 4)

    @property
    def token_source(self) -> str:
        return self._account.source

    @property
    def filing(self) -> bool:
        """Whether this node may file at all, as far as it is up to itself."""
        return self._not_here() is None

    async def turn(self, repository: str, began: float) -> int | Reason:
        """This node's rank for `repository`, when its turn has come; else why it does not file there."""
        reason = self._not_here()
        if reason is not None:
            return reason
        rank = await self.elect(repository, began)
        if isinstance(rank, Reason):
            return rank
        return await self._account.why_not() or rank

    def why_no_candidate(self, repository: str) -> Reason | None:
        """Why this node by itself does not stand for `repository`; None: it does."""
        if repository.lower() not in self.settings.repositories:
            return Reason.NO_ROUTE
        return self._not_here() or self.troubles.get(repository.lower())

    def candidates(self) -> list[str]:
        """The repositories that this node may file for, as far as it knows."""
        return [] if self._not_here() else sorted(self.settings.repositories - self.troubles.keys())

    def trouble(self) -> dict[str, str]:
        """By repository: name of the reason why this node may not file for it, where that is not by its own will."""
        reason = self._not_here()
        if reason is Reason.FILING_OFF:
            return {}
        every = dict.fromkeys(sorted(self.settings.repositories), reason) if reason else self.troubles
        return {repository: why.name for repository, why in every.items()}

    def reload(self) -> Reloaded:
        """Read file and environment again. Raises `ConfigError`; then the old configuration stays."""
        new = load(self.loaded.path, self.environment)
        changed = [key for key in SETTINGS if value_of(new.config, key) != value_of(self.loaded.config, key)]
        self.loaded = new
        return Reloaded(changed, [key for key in changed if not _live(key)])

    def _not_here(self) -> Reason | None:
        filing = self.loaded.config.filing
        if filing.paused or not filing.issues:
            return Reason.FILING_OFF
        return None if self.token_source else Reason.NO_TOKEN


def _live(key: str) -> bool:
    return SETTINGS[key].section in LIVE_SECTIONS and key not in AT_START
