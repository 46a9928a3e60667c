"""On which terms this node files: what configuration, token and fleet say, asked anew for each run.

`reload` takes over a new configuration as a whole, or keeps the old one. What a running node cannot change (sockets,
directories, the network) is named, and waits for the next start.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from aggregator.bundle import Policy
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from node.config import SETTINGS, Loaded, load, value_of
from node.control.view import Reloaded
from node.policy import policy_of, settings_of

LIVE_SECTIONS = frozenset({"filing", "bundle", "github", "election", "healing"})
AT_START = frozenset(
    {
        "bundle.window",
        "bundle.lookback",
        "github.api_url",
        "github.write_interval",
        "github.app_id",
        "github.installation_id",
        "github.app_key_file",
    }
)  # of these sections


class Account(Protocol):
    """Whom the token speaks for."""

    @property
    def login(self) -> str: ...

    async def why_not(self) -> Reason | None:
        """Why the token cannot be used; None: it can, and `login` is known."""
        ...


class NoAccount:
    """Of a node without a token."""

    login = ""

    async def why_not(self) -> Reason | None:
        return Reason.NO_TOKEN


Election = Callable[[str], Awaitable[Reason | None]]


async def always(_repository: str) -> Reason | None:
    """The election of a node that is alone."""
    return None


class Terms:
    """`elect`: why another node files for a repository, or None. `token_source`: empty where there is no token."""

    def __init__(
        self,
        loaded: Loaded,
        environment: Mapping[str, str],
        peer: str,
        marker_key: bytes,
        account: Account | None = None,
        token_source: str = "",
        elect: Election = always,
    ) -> None:
        self.loaded = loaded
        self.token_source = token_source
        self._account: Account = account or NoAccount()
        self._environment, self._peer, self._marker_key, self._elect = environment, peer, marker_key, elect

    @property
    def policy(self) -> Policy:
        return policy_of(self.loaded.config)

    @property
    def settings(self) -> Settings:
        return settings_of(self.loaded.config, self._peer, self._account.login, self._marker_key)

    @property
    def interval(self) -> float:
        return self.loaded.config.bundle.interval

    async def why_not(self, repository: str) -> Reason | None:
        """Why this node does not file for `repository` now; None: it does."""
        return self._not_here() or await self._elect(repository) or await self._account.why_not()

    def candidates(self) -> list[str]:
        """The repositories that this node may file for."""
        return [] if self._not_here() else sorted(self.settings.repositories)

    def trouble(self) -> dict[str, str]:
        """By repository: why this node may not file for it, where that is not by its own will."""
        reason = self._not_here()
        if reason is None or reason is Reason.FILING_OFF:
            return {}
        return dict.fromkeys(sorted(self.settings.repositories), reason.value)

    def reload(self) -> Reloaded:
        """Read file and environment again. Raises `ConfigError`; then the old configuration stays."""
        new = load(self.loaded.path, self._environment)
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
