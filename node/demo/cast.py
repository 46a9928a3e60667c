"""Which bug is in which program, and what should become of it.

How often each happens is not written here: the programs write that down themselves when it does.
"""

import sys
from typing import NamedTuple

from node.demo.planted import Secrets

THRESHOLD = {"critical": 1}  # occurrences from which an issue is due; as the node's configuration has it
OTHERWISE = 3
STORM_PROCESSES = 4
STORM_EACH = 2_500
EXEC = (sys.executable, "-m", "node.cli", "exec", "--service", "backup", "--")


class Bug(NamedTuple):
    name: str  # of the program, of its service, and what it writes down
    type: str  # of the error
    severity: str
    how: str  # it is reported

    def is_due(self, happened: int) -> bool:
        return happened >= THRESHOLD.get(self.severity, OTHERWISE)


BUGS = (
    Bug("search", "MemoryError", "critical", "under watch()"),
    Bug("checkout", "PaymentError", "high", "with its cause"),
    Bug("thumbnails", "ModuleNotFoundError", "high", "missing module"),
    Bug("pricing", "AssertionError", "high", "assertion"),
    Bug("backup", "ExitStatus", "high", "shell script"),
    Bug("mailer", "DeliveryError", "medium", "in threads"),
    Bug("feed", "FeedError", "medium", "asyncio tasks"),
    Bug("disk", "Error", "medium", "line of JSON"),
    Bug("inventory", "StockError", "low", "by hand"),
    Bug("worker", "UpstreamError", "low", f"storm, {STORM_PROCESSES} processes"),
    Bug("reports", "ReportError", "high", "node was dead"),
    Bug("greeting", "KeyError", "high", "only once"),
)


class Program(NamedTuple):
    """One start of a program of the shop."""

    name: str
    arguments: tuple[str, ...]


def python(name: str, *arguments: str) -> Program:
    return Program(name, (sys.executable, f"{name}.py", *arguments))


def crashes(secrets: Secrets) -> list[Program]:
    """What fails on an ordinary day."""
    backup = Program("backup", (*EXEC, "./backup.sh", "--password", secrets["BACKUP_PASSWORD"]))
    often = [
        [python("checkout", f"{n}7"), python("thumbnails"), python("pricing", f"{n}"), backup] for n in range(1, 4)
    ]
    once = [python(name) for name in ("search", "mailer", "feed", "inventory", "greeting", "closing")]
    return [program for some in often for program in some] + once + [python("reports")] * 2 + [python("disk")] * 4


def storm() -> list[Program]:
    return [python("worker", str(STORM_EACH))] * STORM_PROCESSES
