"""The repositories that are filed to: whether one may write there, and what they are called now.

Every write asks here first, and what is answered is at most `FACTS_AGE` old: a repository that was made public since is
not written to, unless it is allowed by name. So nobody has to remember to check.
"""

import re
from dataclasses import dataclass

from github import Github
from github.Repository import Repository

from aggregator.filing.calls import Rejected
from aggregator.reason import Reason
from node.clock import Clock
from node.github.client import Client
from node.github.retry import Moved

FACTS_AGE = 300.0  # seconds
REFUSAL_AGE = 5.0  # seconds; far below `FACTS_AGE`: what was put right is filed to again soon
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*)/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
BY_NUMBER = re.compile(r"/repositories/(\d+)")
BY_NAME = re.compile(r"/repos/([^/?#]+/[^/?#]+)")


@dataclass(frozen=True)
class Facts:
    """What the token sees of a repository."""

    name: str  # as GitHub spells it, after a renaming the new one
    private: bool
    archived: bool
    has_issues: bool
    push: bool  # True also where GitHub does not say
    default_branch: str


def refusal(facts: Facts, allowed: bool, *, push: bool = False) -> Reason | None:
    """Why it may not be written to; None: it may. `allowed`: by name, though public. `push`: refs are to be written."""
    if not facts.private and not allowed:
        return Reason.REPOSITORY_PUBLIC
    if facts.archived or (push and not facts.push):
        return Reason.FORBIDDEN
    if not facts.has_issues:
        return Reason.ISSUES_OFF
    return None


@dataclass
class Known:
    repository: Repository
    at: float  # elapsed time of the last look


class Repositories:
    """`allowed`: public repositories that may be written to."""

    def __init__(self, client: Client, clock: Clock, allowed: frozenset[str]) -> None:
        self._client = client
        self._clock = clock
        self._allowed = frozenset[str]()
        self.allow(allowed)
        self._known: dict[str, Known] = {}  # a handful: as many as there are routes

    async def get(self, name: str, age: float | None = None) -> Repository:
        """The repository under its present name, looked at again when it is older than `age` (default `FACTS_AGE`).

        Raises NotSent, and Rejected(REPOSITORY_MISSING).
        """
        known = self._known.get(name.lower())
        if known is None:
            _check_name(name)
            repository = await self._client.read(lambda g: _load(g, name))
            known = self._known[name.lower()] = Known(repository, self._clock.elapsed())
        elif self._clock.elapsed() - known.at > (FACTS_AGE if age is None else age):
            await self._client.read(lambda _: known.repository.update())
            known.at = self._clock.elapsed()
        return known.repository

    async def writable(self, name: str, age: float | None = None, *, push: bool = False) -> Repository:
        """As `get`, but raises Rejected where this daemon does not write. `push`: refs are to be written."""
        repository = await self.get(name, age)
        if self._why_not(repository, name, push):
            repository = await self.get(name, REFUSAL_AGE)
        reason = self._why_not(repository, name, push)
        if reason is not None:
            raise Rejected(reason, f"{name}: {_remedy(reason)}")
        return repository

    def allow(self, names: frozenset[str]) -> None:
        """These may be written to though they are public, from now on, and no others."""
        self._allowed = frozenset(name.lower() for name in names)

    def allows(self, name: str) -> bool:
        """Whether it may be written to though it is public."""
        return name.lower() in self._allowed

    async def facts(self, name: str, age: float | None = None) -> Facts:
        return facts_of(await self.get(name, age))

    def forget(self) -> None:
        """Look again at the next call: one of them was renamed."""
        self._known.clear()

    def _why_not(self, repository: Repository, name: str, push: bool) -> Reason | None:
        return refusal(facts_of(repository), self.allows(name), push=push)


def facts_of(repository: Repository) -> Facts:
    data = repository.raw_data
    permissions: dict[str, bool] = data.get("permissions") or {}
    return Facts(
        name=repository.full_name,
        private=bool(data.get("private", False)),
        archived=bool(data.get("archived", False)),
        has_issues=bool(data.get("has_issues", True)),
        push=bool(permissions.get("push", True)),
        default_branch=repository.default_branch,
    )


def _load(g: Github, name: str) -> Repository:
    try:
        return g.get_repo(name)
    except Moved as moved:
        return g.get_repo(_new_place(moved))


def _new_place(moved: Moved) -> int | str:
    number, named = BY_NUMBER.search(moved.location), BY_NAME.search(moved.location)
    if number:
        return int(number[1])
    if named:
        return named[1]
    raise moved


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Rejected(Reason.REPOSITORY_MISSING, f"{name[:100]!r} is no owner/name")


def _remedy(reason: Reason) -> str:
    return {
        Reason.REPOSITORY_PUBLIC: "add it to filing.public_repositories, or make it private",
        Reason.FORBIDDEN: "it is archived, or the token may not write its contents",
        Reason.ISSUES_OFF: "switch issues on in its settings",
    }[reason]
