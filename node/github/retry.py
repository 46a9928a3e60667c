"""What is sent again by itself: reads, and nothing else.

PyGithub's own retry would repeat a POST whose answer was lost, which makes a second issue. Naming the allowed methods
is not enough: urllib3 asks for the method only after a *read* error or a status, so a TLS connection that breaks while
the answer is awaited, or a connection that cannot be made, repeats a POST all the same. Hence the rule stands here, in
front of all of that. Two more things differ from the library:

- Rate limits are not slept on. Who asked is told how long to stay away; a thread that sleeps for an hour helps nobody.
- Redirects are an error, `Moved`. PyGithub follows a 301 but drops the query, so that a list of all issues with our
  label would become the first thirty open ones; a 307 it takes for an answer.
"""

from types import TracebackType

from github import GithubRetry
from urllib3 import HTTPResponse, Retry
from urllib3.connectionpool import ConnectionPool

READS = frozenset({"GET", "HEAD"})
AWAY = frozenset({500, 502, 503, 504})
REDIRECTS = frozenset({301, 307, 308})


class Moved(Exception):
    """What was asked for is elsewhere. Nothing was done."""

    def __init__(self, location: str) -> None:
        super().__init__("redirected")
        self.location = location


class ReadsOnly(GithubRetry):
    """Three more tries for reads that fail on the way or with a 5xx."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Whether `increment` shall see this answer."""
        return status_code in REDIRECTS or (status_code in AWAY and method in READS)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: HTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Retry:
        if response is not None and response.status in REDIRECTS:
            response.drain_conn()
            raise Moved(response.headers.get("Location", ""))
        if error is not None and method not in READS:
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


def reads_only(backoff: float = 1.0) -> ReadsOnly:
    """`backoff`: seconds of the first wait; the next are twice as long each."""
    return ReadsOnly(
        total=3,
        backoff_factor=backoff,
        allowed_methods=READS,
        status_forcelist=sorted(AWAY),
        respect_retry_after_header=False,  # its wait has no bound
        secondary_rate_wait=60,
        max_rate_limit_wait=120,
    )
