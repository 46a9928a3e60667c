"""What an error means, as one table."""

import ssl
from typing import Any

import pytest
import requests
import urllib3.exceptions as urllib3_errors
from github import GithubException

from aggregator.filing.calls import Failure, NotSent, Rejected, Unsure
from aggregator.reason import Reason
from node.github.failures import failure_of
from node.github.retry import Moved

NOW = 1_800_000_000.0
POOL: Any = None
REFUSED = urllib3_errors.NewConnectionError(POOL, "Connection refused")
UNKNOWN_HOST = urllib3_errors.NameResolutionError("api.example", POOL, OSError(-2, "unknown"))  # type: ignore[arg-type]
RESET = urllib3_errors.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
FOREIGN = urllib3_errors.SSLError(ssl.SSLCertVerificationError("self-signed certificate"))
BROKEN_TLS = urllib3_errors.SSLError(ssl.SSLEOFError("EOF occurred in violation of protocol"))


def wrapped(reason: Exception) -> Exception:
    return urllib3_errors.MaxRetryError(POOL, "/", reason)


def said(status: int, message: str = "", *errors: Any, **headers: str) -> GithubException:
    data = {"message": message, "errors": list(errors)}
    return GithubException(status, data, {name.replace("_", "-"): value for name, value in headers.items()})


# error, for a read, for a write, reason
TRANSPORT: list[tuple[Exception, type[Failure], type[Failure]]] = [
    (requests.ConnectionError(wrapped(REFUSED)), NotSent, NotSent),
    (REFUSED, NotSent, NotSent),
    (UNKNOWN_HOST, NotSent, NotSent),
    (requests.exceptions.ConnectTimeout(wrapped(REFUSED)), NotSent, NotSent),
    (requests.exceptions.SSLError(FOREIGN), NotSent, NotSent),
    (requests.exceptions.ProxyError(wrapped(REFUSED)), NotSent, NotSent),
    (requests.exceptions.InvalidURL("no host"), NotSent, NotSent),
    (requests.ConnectionError(RESET), NotSent, Unsure),
    (requests.exceptions.SSLError(BROKEN_TLS), NotSent, Unsure),
    (requests.exceptions.ReadTimeout("read timed out"), NotSent, Unsure),
    (requests.exceptions.ChunkedEncodingError("ended early"), NotSent, Unsure),
    (requests.exceptions.RetryError(wrapped(urllib3_errors.ResponseError("too many 502"))), NotSent, Unsure),
    (ValueError("no JSON"), NotSent, Unsure),
    (AssertionError("a url of another host"), NotSent, Unsure),
    (said(500), NotSent, Unsure),
    (said(502, "Server Error"), NotSent, Unsure),
    (said(503, "Unavailable", Retry_After="120"), NotSent, Unsure),
    (said(504), NotSent, Unsure),
    (said(408, "timeout"), NotSent, Unsure),
    (said(409, "Reference cannot be updated"), NotSent, Unsure),
]


@pytest.mark.parametrize(("error", "read", "write"), TRANSPORT, ids=lambda value: repr(value)[:60])
def test_what_did_not_arrive_is_not_sent_and_what_may_have_is_unsure(
    error: Exception, read: type[Failure], write: type[Failure]
) -> None:
    for_read = failure_of(error, write=False, now=NOW)
    for_write = failure_of(error, write=True, now=NOW)
    assert (type(for_read), type(for_write)) == (read, write)
    assert for_read.reason is for_write.reason is Reason.GITHUB_AWAY


PRIMARY = "API rate limit exceeded for user ID 1."
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
RESET_IN_90 = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(int(NOW) + 90)}
LIMITS: list[tuple[GithubException, float]] = [
    (said(403, PRIMARY, **RESET_IN_90), 91.0),
    (said(429, PRIMARY, **RESET_IN_90), 91.0),
    (said(403, SECONDARY, Retry_After="17"), 17.0),
    (said(429, SECONDARY, Retry_After="17"), 17.0),
    (said(403, SECONDARY), 60.0),
    (said(429, SECONDARY), 60.0),
    (said(429, ""), 60.0),
    (said(403, "slow down", Retry_After="5"), 5.0),
    (said(403, SECONDARY, Retry_After="999999"), 3700.0),
    (said(403, SECONDARY, Retry_After="soon"), 60.0),
    (said(422, "Validation Failed", {"message": "was submitted too quickly"}), 60.0),
]


@pytest.mark.parametrize(("error", "wait"), LIMITS, ids=lambda value: repr(value)[:60])
@pytest.mark.parametrize("write", [False, True])
def test_a_rate_limit_surely_did_nothing_and_says_how_long_to_stay_away(
    error: GithubException, wait: float, write: bool
) -> None:
    failure = failure_of(error, write=write, now=NOW)
    assert (type(failure), failure.reason, failure.retry_after) == (NotSent, Reason.RATE_LIMITED, wait)


def test_the_wait_for_a_reset_is_measured_on_githubs_clock() -> None:
    by_its_clock = said(403, PRIMARY, Date="Fri, 15 Jan 2027 07:59:50 GMT", **RESET_IN_90)
    assert failure_of(by_its_clock, write=True, now=NOW - 86_400).retry_after == 101.0


REFUSALS: list[tuple[Exception, type[Failure], Reason]] = [
    (said(401, "Bad credentials"), NotSent, Reason.BAD_CREDENTIALS),
    (said(401, "Requires authentication"), NotSent, Reason.BAD_CREDENTIALS),
    (said(403, "Resource not accessible by personal access token"), Rejected, Reason.FORBIDDEN),
    (said(403, "Repository was archived so is read-only."), Rejected, Reason.FORBIDDEN),
    (said(403, "Unable to create comment because issue is locked."), Rejected, Reason.LOCKED),
    (said(404, "Not Found"), Rejected, Reason.REPOSITORY_MISSING),
    (said(410, "Issues are disabled for this repo"), Rejected, Reason.ISSUES_OFF),
    (said(410, "Issues has been disabled in this repository."), Rejected, Reason.ISSUES_OFF),
    (said(410, "This issue was deleted"), Rejected, Reason.GONE),
    (said(409, "Git Repository is empty."), Rejected, Reason.CLAIM_REFUSED),
    (said(400, "Problems parsing JSON"), Rejected, Reason.REJECTED),
    (said(422, "Validation Failed", {"resource": "Issue", "field": "title"}), Rejected, Reason.REJECTED),
    (said(451, "Repository access blocked"), Rejected, Reason.REJECTED),
    (Moved("https://api.github.com/repositories/1"), NotSent, Reason.GITHUB_AWAY),
]


@pytest.mark.parametrize(("error", "kind", "reason"), REFUSALS, ids=lambda value: repr(value)[:60])
@pytest.mark.parametrize("write", [False, True])
def test_a_refusal_is_certain_and_has_its_reason(
    error: Exception, kind: type[Failure], reason: Reason, write: bool
) -> None:
    failure = failure_of(error, write=write, now=NOW)
    assert isinstance(failure, kind)
    assert failure.reason is reason


def test_the_text_is_githubs_own_with_its_details_on_one_line() -> None:
    error = said(422, "Validation\nFailed", {"resource": "Issue", "field": "title", "code": "missing"}, "and more")
    assert failure_of(error, write=True, now=NOW).text == "422 Validation Failed; Issue title missing; and more"


def test_the_text_is_short_and_free_of_secrets() -> None:
    token = "ghp_" + "Ab1" * 12
    failure = failure_of(said(422, f"bad {token} " + "x" * 100_000), write=True, now=NOW)
    assert token not in str(failure)
    assert len(failure.text) <= 400


@pytest.mark.parametrize("data", [None, "", "<html>", b"bytes", [], {"message": None}, {"errors": "none"}, 7])
def test_an_answer_of_any_shape_is_a_failure_and_no_error(data: Any) -> None:
    assert isinstance(failure_of(GithubException(422, data, None), write=True, now=NOW), Rejected)
