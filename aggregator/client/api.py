"""The public calls and the one client of this process.

None of them raises an `Exception` or waits (save `flush`, which was asked to), whatever it is given. Without
`install()`, or with `AGGREGATOR_DISABLED=1`, they do nothing.
"""

from __future__ import annotations

import os
import sys

from aggregator.client.client import Client
from aggregator.client.settings import Settings, on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aggregator.client.settings import Hook, OnAbsent
    from aggregator.record import Severity

_client: Client | None = None


def disabled() -> bool:
    """Whether this process was told to leave everything alone."""
    return on(os.environ.get("AGGREGATOR_DISABLED"))


def installed() -> Client | None:
    """The client of this process, if there is one."""
    return _client


def install(
    service: str | None = None,
    release: str | None = None,
    *,
    socket: str | None = None,
    spool: str | None = None,
    on_absent: OnAbsent | None = None,
    log_lines: int | None = None,
    stack_trace: bool | None = None,
    environment_allow: Iterable[str] | None = None,
    host: str | None = None,
    hooks: Iterable[Hook] | None = None,
    enabled: bool = True,
) -> None:
    """Report what this process fails with: exceptions that end it or a thread, that asyncio finds in nobody's hands,
    and those that Python can only print. Called again, it changes the settings and sets no hook twice.

    What is not given is taken from `AGGREGATOR_SERVICE`, `_RELEASE`, `_SOCKET`, `_SPOOL`, `_ON_ABSENT`, `_LOG_LINES`,
    `_STACK_TRACE` and `_HOST`.

    service, release   which program (default: its file name), which version of it
    socket, spool      the node's socket; the directory where records wait for an absent node
    on_absent          "spool" (default), or "drop": keep 1 MiB in memory and nothing on disk
    log_lines          last lines of this process that go with a record; default 100, at most 1,000
    stack_trace        False: no frames leave the process
    environment_allow  names of variables that may be sent; those that look like secrets never are
    host               a name to send instead of the machine's; "pseudonym" makes a stable one
    hooks              which of "main", "threads", "unraisable", "logging", "asyncio"; default all
    enabled            False: as if this had not been called
    """
    global _client
    if not enabled or disabled():
        return
    try:
        settings = Settings(
            service=service, release=release, socket=socket, spool=spool, on_absent=on_absent, log_lines=log_lines,
            stack_trace=stack_trace, environment_allow=environment_allow, host=host, hooks=hooks,
        )  # fmt: skip
        if _client is None:
            _client = Client(settings)
        _client.configure(settings)
    except Exception as error:  # the program must start without us
        sys.stderr.write(f"error-aggregator: install() failed, nothing is reported: {type(error).__name__}: {error}\n")


def uninstall() -> None:
    """Take the hooks away where they are still ours, send or spool what is held, and forget the client."""
    global _client
    client, _client = _client, None
    if client is not None:
        client.remove()


def capture(
    exc: BaseException | None = None,
    *,
    context: Mapping[str, object] | None = None,
    severity: Severity | None = None,
    fingerprint: Sequence[str] | None = None,
    service: str | None = None,
    release: str | None = None,
    handled: bool = True,
    logs: Sequence[str] | None = None,
) -> str:
    """Report `exc`, or the exception that is being handled; answers the record's id, empty where nothing was taken.

    `context` is put beside, and over, what is known about the process. `fingerprint` replaces the grouping
    (`{{ default }}` stands for it). `logs` takes the place of the last log lines.
    """
    client = _client
    if client is None:
        return ""
    return client.capture(
        exc if exc is not None else sys.exc_info()[1],
        context=context, severity=severity, fingerprint=fingerprint, service=service, release=release,
        handled=handled, logs=logs,
    )  # fmt: skip


def report(
    message: str,
    *,
    type: str | None = None,
    severity: Severity | None = None,
    count: int = 1,
    context: Mapping[str, object] | None = None,
    fingerprint: Sequence[str] | None = None,
    service: str | None = None,
    release: str | None = None,
    logs: Sequence[str] | None = None,
) -> str:
    """Report something that is no exception, `count` (1 to 1,000,000) times; answers the record's id, or empty."""
    client = _client
    if client is None:
        return ""
    return client.report(
        message, type=type, count=count,
        context=context, severity=severity, fingerprint=fingerprint, service=service, release=release, logs=logs,
    )  # fmt: skip


def flush(timeout: float = 2.0) -> bool:
    """Wait, `timeout` seconds at most, until the node has what was captured; True if it has. The rest is spooled."""
    client = _client
    return True if client is None else client.flush(timeout)


def statistics() -> dict[str, int | dict[str, int]]:
    """What became of this process's records: captured, sent, acknowledged, spooled; refused and dropped by reason.

    What is dropped is counted in occurrences, whatever number of records they were folded into.
    """
    client = _client
    return {} if client is None else client.worker.counters.as_dict()
