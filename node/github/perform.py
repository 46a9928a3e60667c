"""The calls of the filing procedure, and who carries out which."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aggregator.filing import calls
from aggregator.filing.calls import Call
from aggregator.reason import Reason
from node.clock import Clock
from node.github import claims, comments, issues, labels, people, probe, search
from node.github.client import Client
from node.github.failures import Elsewhere
from node.github.hub import Hub
from node.github.repository import Facts, refusal
from node.github.statistics import Statistics

T = TypeVar("T")

Handler = Callable[[Hub, Any], Awaitable[Any]]

TABLE: dict[type[Call[Any]], Handler] = {
    calls.ReadClaim: claims.read,
    calls.CreateClaim: claims.create,
    calls.AdvanceClaim: claims.advance,
    calls.ListIssues: issues.list_issues,
    calls.HighestNumber: issues.highest_number,
    calls.ReadIssue: issues.read_issue,
    calls.CreateIssue: issues.create_issue,
    calls.EditIssue: issues.edit_issue,
    calls.AddLabels: labels.add_labels,
    calls.ListComments: comments.list_comments,
    calls.AddComment: comments.add_comment,
    calls.DuplicateOf: comments.duplicate_of,
    calls.MayWrite: people.may_write,
    calls.MayTriage: people.may_triage,
    calls.Hint: search.hint,
}


class GitHub:
    """GitHub, as the filing procedure sees it. `allowed`: public repositories that may be written to."""

    def __init__(self, client: Client, clock: Clock, allowed: frozenset[str] = frozenset()) -> None:
        self._hub = Hub(client, clock, allowed)
        self._clock = clock

    async def perform(self, call: Call[T]) -> T:
        """Carry out one call. Raises NotSent, Unsure and Rejected as `calls.py` says, and nothing else."""
        try:
            return await TABLE[type(call)](self._hub, call)
        except Elsewhere:
            self._hub.repositories.forget()
            raise

    async def login(self) -> str:
        """Whom the token speaks for. Raises NotSent and Rejected."""
        return await people.own_login(self._hub)

    async def facts(self, repository: str, age: float | None = None) -> Facts:
        """What the token sees of a repository, at most `age` seconds old. Raises NotSent and Rejected."""
        return await self._hub.repositories.facts(repository, age)

    async def why_not(self, repository: str) -> Reason | None:
        """Why this daemon cannot file there; None: it can, as far as GitHub tells. Raises NotSent and Rejected."""
        return refusal(await self.facts(repository), self._hub.repositories.allows(repository), push=True)

    async def lacks(self, repository: str, permission: str) -> Reason | None:
        """Why the token cannot do what takes a permission (of `probe`); None: it can. Raises NotSent and Rejected."""
        return await probe.why_not(self._hub, repository, permission)

    async def clock_ahead(self) -> float:
        """Seconds by which this machine's clock is ahead of GitHub's. Raises NotSent and Rejected."""
        return await probe.clock_ahead(self._hub, self._clock)

    async def scopes(self) -> frozenset[str] | None:
        """What a classic token was given; None for the other kinds. Raises NotSent and Rejected."""
        return await probe.scopes(self._hub)

    async def coding_agent(self, repository: str) -> bool:
        """Whether GitHub's coding agent can be assigned there. Raises NotSent and Rejected."""
        return await probe.coding_agent(self._hub, repository)

    def allow(self, repositories: frozenset[str]) -> None:
        """These public repositories may be written to from now on, and no others."""
        self._hub.repositories.allow(repositories)

    def statistics(self) -> Statistics:
        return self._hub.client.statistics()
