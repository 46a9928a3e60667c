"""What an error means for who asked: surely not done, perhaps done, or refused.

One table for everything that PyGithub, requests and urllib3 raise. It is decided by four facts: was it a write, can it
have left this machine, what status came back, and what GitHub said. Where they leave doubt about a write the answer is
`Unsure`, because the other mistake makes a second issue.

    never left the machine              NotSent
    lost on the way, 5xx, unreadable    read: NotSent      write: Unsure
    rate limit, 401, redirect           NotSent
    any other 4xx                       Rejected, with the reason that fits
"""

import re
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, cast

import requests
import urllib3.exceptions
from github import GithubException

from aggregator.filing.calls import Failure, NotSent, Rejected, Unsure
from aggregator.reason import Reason
from aggregator.redact import redact_text
from node.github.retry import Moved

LONGEST_TEXT = 400  # characters of GitHub's message that are kept
LIMIT_WAIT = 60.0  # seconds to stay away where a rate limit does not say how long; GitHub asks for at least this
LONGEST_WAIT = 3700.0  # seconds; the primary limit is reset every hour
EMPTY = "git repository is empty"

NEVER_LEFT = (
    urllib3.exceptions.ConnectTimeoutError,  # also a refused connection and an unknown host
    urllib3.exceptions.ProxyError,  # only raised before the proxy was reached
    urllib3.exceptions.LocationValueError,
    ssl.SSLCertVerificationError,
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
)
LIMITS = ("rate limit", "please retry your request again later", "please wait a few minutes", "submitted too quickly")


class Elsewhere(NotSent):
    """The repository has another name now."""


def failure_of(error: Exception, *, write: bool, now: float) -> Failure:
    """`write`: repeating it may do it twice. `now`: Unix seconds, used where GitHub's answer has no date."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, Moved):
        return Elsewhere(Reason.GITHUB_AWAY, "the repository was renamed; its new name is looked up at the next try")
    if isinstance(error, GithubException):
        return _answered(error, write, now)
    for cause in _causes(error):
        if isinstance(cause, NEVER_LEFT):  # its own words; what wraps it tells them once more
            return NotSent(Reason.GITHUB_AWAY, _clean(f"{type(cause).__name__}: {cause}"))
    return _unknown(write, _clean(f"{type(error).__name__}: {error}"))


def says(error: GithubException, status: int, text: str) -> bool:
    """Whether GitHub answered with this status and with `text` (lower case) somewhere in its message."""
    return error.status == status and text in _message(error).lower()


@contextmanager
def about_issue(number: int) -> Generator[None]:
    """In here a 404 speaks of the issue: the repository was seen before. No proof that the issue was deleted."""
    try:
        yield
    except GithubException as error:
        if error.status != 404:
            raise
        raise Rejected(Reason.REJECTED, f"issue #{number}: {text_of(error)}") from None


@contextmanager
def moved_issue(number: int) -> Generator[None]:
    """In here GitHub speaks of the place that an issue was moved to: that says nothing about the repository it left."""
    try:
        yield
    except Moved:
        raise Rejected(Reason.TRANSFERRED, f"issue #{number}: was moved more than once") from None
    except GithubException as error:
        failure = _answered(error, False, 0.0)
        if isinstance(failure, Rejected) and failure.reason is not Reason.GONE:
            raise Rejected(Reason.TRANSFERRED, f"issue #{number}: its new place answers {text_of(error)}") from None
        raise


def text_of(error: GithubException) -> str:
    """GitHub's own words, short and redacted, with the status in front."""
    return _clean(f"{error.status} {_message(error)}".strip())


def _answered(error: GithubException, write: bool, now: float) -> Failure:
    status, said, text = error.status, _message(error).lower(), text_of(error)
    headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
    if status in (403, 422, 429) and _limited(status, said, headers):
        return NotSent(Reason.RATE_LIMITED, text, _wait(headers, now))
    if status == 401:
        return NotSent(Reason.BAD_CREDENTIALS, text)
    if status >= 500 or status in (0, 408) or (status == 409 and EMPTY not in said):
        return _unknown(write, text)
    return Rejected(_refusal(status, said), text)


def _refusal(status: int, said: str) -> Reason:
    if status == 403:
        return Reason.LOCKED if "locked" in said else Reason.FORBIDDEN
    if status == 404:
        return Reason.REPOSITORY_MISSING
    if status == 409:
        return Reason.CLAIM_REFUSED  # without a commit there are no refs
    if status == 410:
        return Reason.ISSUES_OFF if "disabled" in said else Reason.GONE
    return Reason.REJECTED


def _unknown(write: bool, text: str) -> Failure:
    return Unsure(Reason.GITHUB_AWAY, text) if write else NotSent(Reason.GITHUB_AWAY, text)


def _limited(status: int, said: str, headers: Mapping[str, str]) -> bool:
    if status == 429 or any(words in said for words in LIMITS):
        return True
    return status == 403 and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")


def _wait(headers: Mapping[str, str], now: float) -> float:
    """Seconds to stay away, as GitHub asks: `Retry-After`, else until the reset of a limit that is used up, else 60."""
    after = headers.get("retry-after", "")
    if after.isdigit():
        return min(max(float(after), 1.0), LONGEST_WAIT)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return min(max(float(reset) - _answer_time(headers, now) + 1.0, 1.0), LONGEST_WAIT)
    return LIMIT_WAIT


def _answer_time(headers: Mapping[str, str], now: float) -> float:
    """GitHub's own clock, for this machine's may be off by more than the wait."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return now


def _message(error: GithubException) -> str:
    """The message with its details; of anything but an object, the thing itself."""
    data: Any = error.data
    if not isinstance(data, dict):
        return str(data or error.message or "")
    plain = cast("dict[str, Any]", data)
    listed = plain.get("errors")
    details = [_detail(each) for each in cast("list[Any]", listed)] if isinstance(listed, list) else []
    return "; ".join([str(plain.get("message") or error.message or ""), *details])


def _detail(each: Any) -> str:
    if not isinstance(each, dict):
        return str(each)
    plain = cast("dict[str, Any]", each)
    return str(plain.get("message") or " ".join(str(plain.get(name, "")) for name in ("resource", "field", "code")))


def _causes(error: BaseException, depth: int = 6) -> Iterator[BaseException]:
    """The error and what it wraps. Not `__context__`: an earlier error says nothing about this one."""
    yield error
    inner = (getattr(error, "reason", None), *error.args)
    for each in inner if depth else ():
        if isinstance(each, BaseException):
            yield from _causes(each, depth - 1)


def _clean(text: str) -> str:
    return redact_text(re.sub(r"\s+", " ", text[: 4 * LONGEST_TEXT]))[:LONGEST_TEXT]
