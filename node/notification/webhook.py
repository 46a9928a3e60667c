"""A notification posted to a webhook, in JSON over HTTPS.

The address is a secret: nothing here puts it, or an error that may hold it, into words. A redirection is a failure: it
would carry the news, or the address, to somebody else. What may mend itself (no connection, 408, 429, 5xx) is tried
again a few times with growing pauses; what was refused is not. Of the answer only the status is read.
"""

import logging
import random

import httpx
import trio

from node.config.secret import Secret

PAUSES = (1.0, 4.0, 15.0)  # seconds before the second, third and fourth attempt; jittered
LONGEST_PAUSE = 60.0  # seconds that the other side may ask for
AGAIN = frozenset({408, 425, 429})

for _name in ("httpx", "httpcore"):  # they write addresses into their logs
    logging.getLogger(_name).setLevel(logging.WARNING)


class _Failed(Exception):
    """One attempt. `again`: seconds that the other side asked for; None: it refused for good."""

    def __init__(self, text: str, again: float | None = 0.0) -> None:
        super().__init__(text)
        self.again = again


async def post(address: Secret, body: bytes, seconds: float) -> str | None:
    """Post `body`; `seconds` for one attempt. Returns why it did not arrive; None: it did."""
    reason = ""
    async with httpx.AsyncClient(follow_redirects=False, timeout=seconds) as http:
        for pause in (*PAUSES, None):
            try:
                await _attempt(http, address, body, seconds)
                return None
            except _Failed as failed:
                reason = str(failed)
                if failed.again is None or pause is None:
                    return reason
                await trio.sleep(max(pause * random.uniform(0.8, 1.2), failed.again))  # noqa: S311  # no secret
    return reason


async def _attempt(http: httpx.AsyncClient, address: Secret, body: bytes, seconds: float) -> None:
    headers = {"content-type": "application/json"}
    try:
        with trio.fail_after(seconds):  # a whole attempt: httpx counts each read anew
            async with http.stream("POST", address.reveal(), content=body, headers=headers) as answer:
                status, after = answer.status_code, answer.headers.get("retry-after", "")
    except trio.TooSlowError:
        raise _Failed(f"no answer within {seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise _Failed(f"no connection ({type(error).__name__})") from None
    if 300 <= status < 400:
        raise _Failed(f"it redirects (status {status}), which is not followed", None)
    if status >= 400:
        mends = status >= 500 or status in AGAIN
        raise _Failed(f"status {status}", _asked(after) if mends else None)


def _asked(after: str) -> float:
    """The pause that the other side asked for."""
    return min(float(after), LONGEST_PAUSE) if after.isascii() and after.isdigit() else 0.0
