"""How bad one record is: the table of the requirements, from the type's name and the message alone.

What the client says goes first. Then: what endangers the machine or its data is critical, however it was caught; what
was caught and reported by hand is low; what ended a process, or hints at a broken installation or disk, is high; the
rest is medium. Causes and the members of a group count like the exception itself: the worst of them decides. The
context does not: that was being handled when this error came.

Names, not classes: the record may come from another process, another version, another language.
"""

import re

from aggregator import limits
from aggregator.record import ErrorRecord, Severity

# Stops that a person or a supervisor asked for.
NOT_ERRORS = frozenset({"KeyboardInterrupt", "SystemExit", "CancelledError", "Cancelled", "GeneratorExit"})
CLOSED_STDOUT = frozenset({"BrokenPipeError"})  # `program | head`: an end, not an error

_CRITICAL = frozenset({"RecursionError", "SystemError"})
_FATAL_SIGNALS = frozenset(
    {"SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP", "SIGXCPU", "SIGXFSZ", "SIGKILL"}
)
_HIGH = frozenset({"ImportError", "ModuleNotFoundError", "ZipImportError", "AssertionError"})
_OS = re.compile(r"(?:OSError|IOError|EnvironmentError)$")
_DEVICE = re.compile(r"\[Errno (?:5|28)\]|\bENOSPC\b|\bEIO\b|no space left on device|input/output error", re.IGNORECASE)
_SIGNAL = re.compile(
    r"Fatal Python error|segmentation fault|bus error|illegal instruction|core dumped"
    r"|(?:signal|died with <Signals\.|killed by )\W{0,3}SIG(?:SEGV|ABRT|BUS|FPE|ILL|SYS|KILL)",
    re.IGNORECASE,
)
_CORRUPT = re.compile(
    r"database disk image is malformed|file is not a database"
    r"|database (?:file )?(?:is )?corrupt|corrupt(?:ed)? database"
    r"|SQLITE_CORRUPT|SQLITE_NOTADB|invalid page in block|is marked as crashed|index \S+ is corrupt"
    r"|DatabaseCorrupt|IndexCorrupted|DataCorrupted",
    re.IGNORECASE,
)


def is_error(type_name: str, *, stdout_closed: bool = False) -> bool:
    """Whether an exception of this type is an error at all, or just somebody's wish that the program stops.

    `stdout_closed`: the pipe that broke was the program's own output.
    """
    name = _bare(type_name)
    return name not in NOT_ERRORS and not (stdout_closed and name in CLOSED_STDOUT)


def severity_of(record: ErrorRecord) -> Severity:
    """The severity of `record`: its own, else by the table."""
    if record.severity:
        return record.severity
    if not is_error(record.type_name):
        return "low"
    found: list[Severity] = [_by_kind(name, message) for name, message in _parts(record)]
    worst = max(found, key=lambda level: limits.SEVERITIES.index(level))
    if worst == "critical":
        return worst
    if record.handled or worst == "low":
        return "low"
    return "high" if record.ended else worst


def _parts(record: ErrorRecord) -> list[tuple[str, str]]:
    """Type and message of the exception, its causes and members."""
    parts = [(record.type_name, record.message)]
    reached = {0}
    for i, exception in enumerate(record.exceptions):
        if i == 0 or (exception.link in ("cause", "member") and exception.parent in reached):
            reached.add(i)
            parts.append((exception.type, record.message_of(i)))
    return parts


def _by_kind(type_name: str, message: str) -> Severity:
    name = _bare(type_name)
    if name in _CRITICAL or name in _FATAL_SIGNALS or name.endswith("MemoryError"):
        return "critical"
    if _CORRUPT.search(name) or _CORRUPT.search(message) or _SIGNAL.search(message):
        return "critical"
    if name.endswith("Warning"):
        return "low"
    if name in _HIGH or (_OS.search(name) and _DEVICE.search(message)):
        return "high"
    return "medium"


def _bare(type_name: str) -> str:
    return type_name.rpartition(".")[2]
