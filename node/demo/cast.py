"""Which bug is in which program, where it runs, and what should become of it.

How often each happens is not written here: the programs write that down themselves when it does.
"""

import sys
from collections.abc import Mapping
from typing import NamedTuple

from node.demo.planted import Secrets

NODES = ("alice", "bob", "carol")  # each is a machine: programs report to the node of theirs
THRESHOLD = {"critical": 1}  # occurrences from which an issue is due; as the nodes' configuration has it
OTHERWISE = 3
STORM_PROCESSES = 2  # on each node
STORM_EACH = 2_000
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
    Bug("worker", "UpstreamError", "low", f"storm, {STORM_PROCESSES * len(NODES)} processes"),
    Bug("reports", "ReportError", "high", "seldom"),
    Bug("coupons", "CouponError", "high", "filer was dead"),
    Bug("invoices", "InvoiceError", "high", "node was dead"),
    Bug("greeting", "KeyError", "high", "only once"),
)

# An ordinary day: where each program fails, once for each name. Most bugs are due only by what several nodes saw.
DAY: Mapping[str, tuple[str, ...]] = {
    "search": ("carol",),
    "checkout": NODES,
    "thumbnails": ("alice", "alice", "bob"),
    "pricing": ("bob", "carol", "carol"),
    "backup": NODES,
    "mailer": ("alice",),
    "feed": ("bob",),
    "disk": (*NODES, "carol"),
    "inventory": ("alice", "carol"),
    "greeting": ("bob",),
    "closing": ("carol",),
    "reports": ("alice", "bob"),
}


class Program(NamedTuple):
    """One start of a program of the shop, on one node's machine."""

    name: str
    node: str
    arguments: tuple[str, ...]


def python(name: str, node: str, *arguments: str) -> Program:
    return Program(name, node, (sys.executable, f"{name}.py", *arguments))


def crashes(secrets: Secrets) -> list[Program]:
    """What fails on an ordinary day."""
    return [_one(name, node, n, secrets) for name, nodes in DAY.items() for n, node in enumerate(nodes, 1)]


def _one(name: str, node: str, n: int, secrets: Secrets) -> Program:
    """Its `n`th failure: the same bug, with other numbers in its words."""
    if name == "backup":
        return Program(name, node, (*EXEC, "./backup.sh", "--password", secrets["BACKUP_PASSWORD"]))
    return python(name, node, f"{n}7")


def storm() -> list[Program]:
    return [python("worker", node, str(STORM_EACH)) for node in NODES] * STORM_PROCESSES
