"""Everything that speaks to GitHub, put together: token, client, filer, and the terms on which it files.

A token is looked for at every start and every reload, and whom it speaks for is asked only when there is something to
file: a node that may not file makes no call at all.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from aggregator import __version__
from aggregator.agenda import Knowledge
from aggregator.book import Fact, FactKey
from aggregator.filing.calls import Failure
from aggregator.filing.case import Outcome
from aggregator.filing.claim import Claim
from aggregator.filing.run import Run
from aggregator.filing.settings import Settings
from aggregator.reason import Reason
from aggregator.record import BadRecord, ErrorRecord, decode
from node.book import BookKeeper
from node.bundle import Bundler
from node.candidacy import Candidacy
from node.clock import Clock
from node.config import Config, Loaded
from node.filing import Filer
from node.github import App, BadToken, Client, GitHub, Token, find_token
from node.store import Store
from node.store.samples import find
from node.terms import Terms

log = structlog.get_logger("outward")


@dataclass
class Outward:
    terms: Terms
    bundler: Bundler
    memory: "Memory"
    github: GitHub | None  # None: there is no token
    candidacy: Candidacy | None


async def open_outward(
    loaded: Loaded,
    environment: Mapping[str, str],
    marker_key: bytes,
    known: Knowledge,
    keeper: BookKeeper,
    store: Store,
    clock: Clock,
    peer: str,
) -> Outward:
    """Find the token and put the parts together. Makes no call."""
    token = await _token(environment, loaded.config)
    github = _github(token, loaded.config, clock) if token else None
    account = Account(github)
    terms = Terms(loaded, environment, peer, marker_key, account, token.source if token else "")
    memory = Memory(keeper, store)
    filer = Filer(github, memory, clock) if github else None
    bundler = Bundler(known, keeper, filer.run if filer else nothing, terms, clock, lambda: secrets.token_hex(16))
    candidacy = Candidacy(github, terms) if github else None
    if candidacy:
        bundler.listener = candidacy.learn
    return Outward(terms, bundler, memory, github, candidacy)


async def nothing(_job: Run, _settings: Settings) -> list[Outcome]:
    """The filer of a node without a token; its terms never let anything come here."""
    return []


async def nowhere(_samples: tuple[str, ...]) -> ErrorRecord | None:
    """The samples of other nodes, where there are none."""
    return None


class Account:
    """Whom the token speaks for; asked once, when it is first needed."""

    def __init__(self, github: GitHub | None) -> None:
        self.login = ""
        self._github = github

    async def why_not(self) -> Reason | None:
        """Why the token cannot be used; None: it can, and `login` is known."""
        if self._github is None:
            return Reason.NO_TOKEN
        if not self.login:
            try:
                self.login = await self._github.login()
            except Failure as failure:
                log.warning("the token's account is unknown", reason=str(failure))
                return failure.reason
        return None


class Memory:
    """What the filing procedure remembers: in the book, and in the store."""

    def __init__(self, keeper: BookKeeper, store: Store) -> None:
        self.elsewhere: Callable[[tuple[str, ...]], Awaitable[ErrorRecord | None]] = nowhere
        self._keeper, self._store = keeper, store

    async def read_sample(self, samples: tuple[str, ...]) -> ErrorRecord | None:
        """The first that is here and can be read, else from another node."""
        for each in samples:
            row = await self._store.read(lambda db, each=each: find(db, each))
            try:
                if row is not None:
                    return decode(row)
            except BadRecord as error:
                log.warning("a sample cannot be read", reason=str(error))
        return await self.elsewhere(samples)

    async def intend(self, claim: Claim) -> None:
        await self._keeper.intend(f"{claim.repository}\n{claim.root}", claim)

    async def note(self, key: FactKey, fact: Fact) -> None:
        await self._keeper.note(key, fact)

    async def rule(self, kind: str, subject: str, value: Any) -> None:
        await self._keeper.rule(kind, subject, value)


async def _token(environment: Mapping[str, str], config: Config) -> Token | None:
    host = urlsplit(config.github.api_url).hostname or "github.com"
    try:
        host = "github.com" if host == "api.github.com" else host
        return await find_token(environment, _app(config), host)
    except BadToken as error:
        log.error("the token cannot be used", reason=str(error))
        return None


def _app(config: Config) -> App | None:
    github = config.github
    key = Path(github.app_key_file) if github.app_key_file else None
    return App(github.app_id, github.installation_id, key) if github.app_id else None


def _github(token: Token, config: Config, clock: Clock) -> GitHub:
    client = Client(
        token,
        clock,
        base_url=config.github.api_url,
        version=__version__,
        seconds_between_writes=config.github.write_interval,
        seconds_between_requests=min(0.25, config.github.write_interval),
    )
    return GitHub(client, clock, frozenset(config.filing.public_repositories))
