"""The token that this node has, and GitHub through it.

The token is looked for at every start and every reload. One that was found anew takes the place of the old one at once
for whatever begins from then on; a run of filing that is under way ends with the one it began with, since its claims
bear that login. The same token keeps its client, and with it what GitHub said about staying away.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from aggregator import __version__
from aggregator.filing.calls import Failure
from aggregator.reason import Reason
from node.clock import Clock
from node.config import Config
from node.github import App, Attempt, BadToken, Client, GitHub, Token, find_token

QUICKEST = 0.25  # seconds between two requests, where writes are not allowed to be nearer

log = structlog.get_logger("access")


class Access:
    """`github` is None where there is no token, `login` empty until it was asked for."""

    def __init__(self, environment: Mapping[str, str], clock: Clock) -> None:
        self.github: GitHub | None = None
        self.token: Token | None = None
        self.login = ""
        self.attempts: Counter[tuple[str, str]] = Counter()  # writes, by action and by what came of them
        self._calls = 0  # with the tokens before this one
        self.trouble = ""  # why the token that there is cannot be used
        self._environment, self._clock = environment, clock
        self._way: tuple[Token, str, float] | None = None  # the same way, the same client

    @property
    def source(self) -> str:
        """Where the token came from; empty: there is none."""
        return self.token.source if self.token else ""

    async def connect(self, config: Config) -> bool:
        """Look for the token. Returns whether it is another one, or none, from now on. Makes no call."""
        token = await self._find(config)
        way = (token, config.github.api_url, config.github.write_interval) if token else None
        if way == self._way:
            if self.github:
                self.github.allow(frozenset(config.filing.public_repositories))
            return False
        self._calls = self.calls()
        self._way, self.token, self.login = way, token, ""
        self.github = self._github(token, config) if token else None
        return True

    def calls(self) -> int:
        """Made to GitHub since the start."""
        now = self.github.statistics() if self.github else None
        return self._calls + (now.reads + now.writes if now else 0)

    async def why_not(self) -> Reason | None:
        """Why the token cannot be used; None: it can, and `login` is known."""
        while not self.login:
            github = self.github
            if github is None:
                return Reason.NO_TOKEN
            try:
                login = await github.login()
            except Failure as failure:
                log.warning("the token's account is unknown", reason=str(failure))
                return failure.reason
            if github is self.github:  # else the token was exchanged meanwhile
                self.login = login
        return None

    def _github(self, token: Token, config: Config) -> GitHub:
        client = Client(
            token,
            self._clock,
            base_url=config.github.api_url,
            version=__version__,
            seconds_between_writes=config.github.write_interval,
            seconds_between_requests=min(QUICKEST, config.github.write_interval),
            report=self._attempted,
        )
        return GitHub(client, self._clock, frozenset(config.filing.public_repositories))

    def _attempted(self, attempt: Attempt) -> None:
        self.attempts[attempt.action, attempt.outcome.partition(":")[0]] += 1

    async def _find(self, config: Config) -> Token | None:
        self.trouble = ""
        try:
            return await find_token(self._environment, _app(config), _host(config))
        except BadToken as error:
            self.trouble = str(error)
            log.error("the token cannot be used", reason=str(error))
            return None


def _host(config: Config) -> str:
    """The host whose token is looked for."""
    try:
        host = urlsplit(config.github.api_url).hostname or "github.com"
    except ValueError:
        return "github.com"
    return "github.com" if host == "api.github.com" else host


def _app(config: Config) -> App | None:
    """The GitHub App that files instead of a token, if one is configured."""
    github = config.github
    key = Path(github.app_key_file) if github.app_key_file else None
    return App(github.app_id, github.installation_id, key) if github.app_id else None
