"""What `install()` was told, resolved once: arguments first, then `AGGREGATOR_*` variables, then defaults."""

from __future__ import annotations

import os
import sys

from aggregator import limits
from aggregator.redact import ALLOWED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal

    Hook = Literal["main", "threads", "unraisable", "logging", "asyncio"]
    OnAbsent = Literal["spool", "drop"]

HOOKS: tuple[Hook, ...] = ("main", "threads", "unraisable", "logging", "asyncio")
LOG_LINES = 100  # kept of this process; at most limits.LOG_LINES
SPOOL_BYTES = 16 * 1024 * 1024  # one process on disk; what exceeds it is dropped and counted
PSEUDONYM = "pseudonym"  # as `host`: a stable name that is not the machine's own

SYSTEM_SPOOL = "/var/spool/error-aggregator"
SYSTEM_SOCKET = "/run/error-aggregator/ingest.sock"


class Settings:
    """Never changed once made. `install()` called again puts a new one in its place."""

    __slots__ = (
        "environment_allow", "hooks", "host", "log_lines", "on_absent", "release", "service", "socket", "spool",
        "spool_bytes", "stack_trace",
    )  # fmt: skip

    def __init__(
        self,
        *,
        service: str | None = None,
        release: str | None = None,
        socket: str | None = None,
        spool: str | None = None,
        on_absent: OnAbsent | None = None,
        log_lines: int | None = None,
        stack_trace: bool | None = None,
        environment_allow: Iterable[str] | None = None,
        host: str | None = None,
        hooks: Iterable[Hook] | None = None,
        spool_bytes: int = SPOOL_BYTES,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.service = (service or environ.get("AGGREGATOR_SERVICE") or program_name())[: limits.NAME_CHARS]
        self.release = (release or environ.get("AGGREGATOR_RELEASE") or "")[: limits.NAME_CHARS]
        self.socket = socket or environ.get("AGGREGATOR_SOCKET") or ""
        self.spool = spool or environ.get("AGGREGATOR_SPOOL") or ""
        self.on_absent = "drop" if (on_absent or environ.get("AGGREGATOR_ON_ABSENT")) == "drop" else "spool"
        self.log_lines = _lines(log_lines, environ.get("AGGREGATOR_LOG_LINES"))
        self.stack_trace = not off(environ.get("AGGREGATOR_STACK_TRACE")) if stack_trace is None else stack_trace
        self.environment_allow = tuple(ALLOWED if environment_allow is None else environment_allow)
        self.host = host or environ.get("AGGREGATOR_HOST") or ""
        self.hooks = frozenset(HOOKS if hooks is None else hooks)
        self.spool_bytes = spool_bytes


def on(value: str | None) -> bool:
    """Whether a variable says yes."""
    return value is not None and value.strip().lower() in ("1", "true", "yes", "on")


def off(value: str | None) -> bool:
    """Whether a variable says no."""
    return value is not None and value.strip().lower() in ("0", "false", "no", "off")


def program_name() -> str:
    """What to call this program where nobody said: the script, or the package that runs as `-m`."""
    argv: list[str] = getattr(sys, "argv", None) or [""]
    folder, name = os.path.split(str(argv[0]))
    if name == "__main__.py":
        name = os.path.basename(folder)
    return name.removesuffix(".py") if name not in ("", "-c", "-m") else "python"


def socket_paths(settings: Settings, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Where the node may listen, best first. One that was named is the only one."""
    if settings.socket:
        return [settings.socket]
    runtime = environ.get("XDG_RUNTIME_DIR")
    own = [os.path.join(runtime, "error-aggregator", "ingest.sock")] if runtime else []
    return [*own, SYSTEM_SOCKET]


def spool_directory(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """Where records wait for an absent node; the user's own directory is made on demand by who writes."""
    if settings.spool:
        return settings.spool
    if os.path.isdir(SYSTEM_SPOOL) and os.access(SYSTEM_SPOOL, os.W_OK | os.X_OK):
        return SYSTEM_SPOOL
    state = environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "error-aggregator", "spool")


def _lines(given: int | None, variable: str | None) -> int:
    if given is None:
        given = int(variable) if variable is not None and variable.strip().isdecimal() else LOG_LINES
    return max(0, min(given, limits.LOG_LINES))
