"""One PyGithub object, and the one door through which everything passes that is said to GitHub.

PyGithub blocks, and shares one connection between its calls without a lock. So each call runs in a thread, and a
limiter of one makes sure that there is never a second. A *read* is left alone when its task is cancelled (its thread
ends by itself, and the limiter keeps everybody else out until then). A *write* is waited for, at most `TIMEOUT` twice:
whether it was done is worth more than a quick exit. Every write that was attempted is reported, whatever became of it.
A write that does not get its turn in time is not sent: what it was decided upon may be true no more.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import anyio
import anyio.to_thread
import structlog
from github import Auth, Github

from aggregator.filing.calls import Failure, NotSent, Rejected, Unsure
from aggregator.reason import Reason
from node.clock import Clock
from node.github.failures import failure_of
from node.github.hold import Hold
from node.github.retry import reads_only
from node.github.statistics import RateLimit, Statistics
from node.github.token import Token

API_VERSION = "2022-11-28"
TIMEOUT = 15  # seconds to connect, and again for each silence; GitHub cuts requests at about 10
PER_PAGE = 100  # the most that GitHub gives
SECONDS_BETWEEN_WRITES = 1.0  # GitHub's advice
START = 10.0  # seconds in which a write must have its turn; with `TIMEOUT` far below the takeover age of a claim

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True)
class Attempt:
    """A write that was attempted."""

    action: str  # "create issue"
    subject: str  # "owner/name" or "owner/name#7"
    url: str
    outcome: str  # "done", or which failure and why


class Client:
    """`report` hears of every attempted write; it must be quick. `backoff`: seconds before a read is tried again."""

    def __init__(
        self,
        token: Token,
        clock: Clock,
        *,
        base_url: str = "https://api.github.com",
        version: str = "0",
        seconds_between_writes: float = SECONDS_BETWEEN_WRITES,
        seconds_between_requests: float = 0.25,
        backoff: float = 1.0,
        verify: bool | str = True,
        report: Callable[[Attempt], None] | None = None,
    ) -> None:
        self.token = token
        self._github = Github(
            base_url=base_url,
            auth=_auth(token),
            retry=reads_only(backoff),
            timeout=TIMEOUT,
            per_page=PER_PAGE,
            seconds_between_requests=seconds_between_requests,
            seconds_between_writes=seconds_between_writes,
            user_agent=f"error-aggregator/{version}",
            api_version=API_VERSION,
            verify=verify,
            lazy=False,
        )
        self._clock = clock
        self.report = report
        self._one = anyio.CapacityLimiter(1)
        self._holds: dict[str, Hold] = {}
        self._limits: dict[str, RateLimit] = {}
        self._counts = Statistics()

    async def read(self, ask: Callable[[Github], T], *, resource: str = "core") -> T:
        """Carry out what may safely be repeated: one request. Raises NotSent and Rejected."""
        self._check_hold(resource)
        self._count(reads=1)
        return await self._carry(ask, resource, write=False)

    async def write(
        self,
        action: str,
        subject: str,
        url: str,
        act: Callable[[Github], T],
        made: Callable[[T], str] | None = None,
    ) -> T:
        """Carry out one write, once. `made`: the address of what came of it. Raises NotSent, Unsure and Rejected."""
        self._check_hold("core")
        if self.token.app is not None:
            await self._carry(_renew, "core", write=False)  # a token that cannot be renewed is no doubt about the write
        self._count(writes=1)
        try:
            answer = await self._in_time(act)
        except Failure as failure:
            self._tell(Attempt(action, subject, url, f"{type(failure).__name__}: {failure}"))
            raise
        self._tell(Attempt(action, subject, made(answer) if made else url, _outcome(answer)))
        return answer

    def count_unchanged(self) -> None:
        """The last read was answered 304."""
        self._count(unchanged=1)

    def statistics(self) -> Statistics:
        now = self._clock.elapsed()
        waiting = max((hold.left(now) for hold in self._holds.values()), default=0.0)
        return replace(self._counts, limits=tuple(self._limits.values()), waiting=waiting)

    def close(self) -> None:
        """Close the connection. Only when no call is under way."""
        self._github.close()

    async def _in_time(self, act: Callable[[Github], T]) -> T:
        with anyio.move_on_after(START):  # cancels only the wait for a turn: a write under way is waited for
            return await self._carry(act, "core", write=True)
        raise NotSent(Reason.GITHUB_AWAY, f"other calls to GitHub took longer than {START:.0f} seconds")

    async def _carry(self, work: Callable[[Github], T], resource: str, *, write: bool) -> T:
        try:
            answer = await anyio.to_thread.run_sync(work, self._github, abandon_on_cancel=not write, limiter=self._one)
        except Exception as error:  # PyGithub and what lies below it may raise anything: one call is the border
            failure = failure_of(error, write=write, now=self._clock.now())
            self._note(failure, resource)
            raise failure from None  # the original holds the request with its headers
        self._hold(resource).passed()
        self._sample(resource)
        return answer

    def _note(self, failure: Failure, resource: str) -> None:
        if failure.reason is Reason.RATE_LIMITED:
            failure.retry_after = self._hold(resource).refused(failure.retry_after, self._clock.elapsed())
        self._count(
            not_sent=isinstance(failure, NotSent),
            unsure=isinstance(failure, Unsure),
            rejected=isinstance(failure, Rejected),
        )
        self._sample(resource)

    def _hold(self, resource: str) -> Hold:
        return self._holds.setdefault(resource, Hold())

    def _check_hold(self, resource: str) -> None:
        left = self._hold(resource).left(self._clock.elapsed())
        if left > 0:
            raise NotSent(Reason.RATE_LIMITED, "GitHub asked us to stay away for a while", left)

    def _sample(self, resource: str) -> None:
        remaining, limit = self._github.requester.rate_limiting
        if limit >= 0:
            reset = float(self._github.requester.rate_limiting_resettime)
            self._limits[resource] = RateLimit(resource, remaining, limit, reset)

    def _count(self, **more: int) -> None:
        old = self._counts
        self._counts = replace(old, **{name: getattr(old, name) + number for name, number in more.items()})

    def _tell(self, attempt: Attempt) -> None:
        if self.report is None:
            return
        try:
            self.report(attempt)
        except Exception as error:  # the answer to a write must not be lost with the report of it
            log.error("report of a write failed", reason=type(error).__name__, place="node/github/client.py")


def _outcome(answer: object) -> str:
    return "somebody else was quicker" if answer is False else "done"


def _auth(token: Token) -> Auth.Auth:
    if token.app is None:
        return Auth.Token(token.secret.reveal())
    key = Auth.AppAuth(token.app.app_id, token.secret.reveal())
    return key.get_installation_auth(token.app.installation_id)


def _renew(g: Github) -> None:
    """Have PyGithub fetch a new installation token if the old one ends soon."""
    auth = g.requester.auth
    if auth is not None:
        _ = auth.token
