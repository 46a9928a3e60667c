"""Where an error happened: command, directory, environment, interpreter, machine. Made in the sender thread.

What cannot change is made once a process. Everything is redacted; the environment by an allow list.
"""

from __future__ import annotations

import os
import sys
from shlex import quote

from aggregator import __version__, limits
from aggregator.client.private import tilde
from aggregator.client.settings import PSEUDONYM, Settings
from aggregator.client.values import text
from aggregator.redact import redact_command, redact_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MACHINE_ID = "/etc/machine-id"


def surroundings(settings: Settings) -> dict[str, Any]:
    """The context of every record of this process; the directory and the arguments as they are now."""
    argv: list[str] = getattr(sys, "argv", [])  # an embedded interpreter may have none
    full: list[str] = getattr(sys, "orig_argv", argv)
    return {
        **command_context(full),
        "arguments": _redacted(argv)[1:],
        "environment": environment(settings),
        **machine(settings),
    }


def command_context(argv: Sequence[str]) -> dict[str, Any]:
    """`command`, `arguments` and `cwd` of a program that was started as `argv`."""
    redacted = _redacted(argv)
    return {
        "command": text(tilde(" ".join(map(_quoted, redacted)))),
        "arguments": redacted[1:],
        "cwd": working_directory(),
    }


def environment(settings: Settings) -> dict[str, str]:
    """The allowed variables."""
    allowed = redact_environment(os.environ, settings.environment_allow)
    return {text(name, limits.NAME_CHARS): text(value) for name, value in allowed.items()}


def machine(settings: Settings) -> dict[str, Any]:
    """Interpreter, system, host and process."""
    system = os.uname()
    version = sys.version_info
    return {
        "python": f"{version.major}.{version.minor}.{version.micro}",
        "implementation": sys.implementation.name,
        "platform": f"{system.sysname} {system.release}",
        "arch": system.machine,
        "host": host_name(settings.host, system.nodename),
        "pid": os.getpid(),
        "library": f"error-aggregator {__version__}",
    }


def working_directory() -> str:
    """The current directory, the home directory as `~`; it may have been removed."""
    try:
        return text(tilde(os.getcwd()))
    except OSError:
        return ""


def host_name(wanted: str, actual: str) -> str:
    """The name to report: the machine's, the one that was set, or a stable one that does not tell which machine."""
    if wanted != PSEUDONYM:
        return text(wanted or actual, limits.NAME_CHARS)
    from hashlib import blake2b

    # Keyed with the machine's own id: a host name alone is quickly guessed from its hash.
    return f"host-{blake2b(actual.encode(), key=_machine_id(), digest_size=6).hexdigest()}"


def _machine_id() -> bytes:
    try:
        with open(MACHINE_ID, "rb") as file:
            return file.read(64).strip()
    except OSError:
        return b""


def _redacted(argv: Sequence[str]) -> list[str]:
    return [text(tilde(part)) for part in redact_command(argv[: limits.CONTEXT_ITEMS])]


def _quoted(part: str) -> str:
    return part if part.startswith("~") else quote(part)
