"""All checks in their order, each by itself: one that fails does not keep the others from being made."""

from collections.abc import Awaitable, Callable

import structlog

from node.control.state import Finding
from node.doctor import book, fleet, github, machine, notify, services, sockets, state
from node.doctor.case import Case
from node.doctor.finding import unknown

Check = Callable[[Case], Awaitable[list[Finding]]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("directory", machine.directory),
    ("file", state.files),
    ("database", machine.database),
    ("spool", machine.spool),
    ("libp2p", machine.libp2p),
    ("socket", sockets.sockets),
    ("token", github.token),
    ("repository", github.repositories),
    ("clock", fleet.clock),
    ("key", fleet.key),
    ("peers", fleet.peers),
    ("book", book.book),
    ("route", services.routes),
    ("notify", notify.notify),
)

log = structlog.get_logger("doctor")


async def examine(case: Case) -> list[Finding]:
    """What every check came to."""
    return [finding for name, check in CHECKS for finding in await _isolated(name, check, case)]


async def _isolated(name: str, check: Check, case: Case) -> list[Finding]:
    try:
        return await check(case)
    except Exception as error:  # a check looks at what is broken: whatever that raises is about that check alone
        log.error("a check failed", place=name, reason=f"{type(error).__name__}: {error}", exc_info=True)
        return [unknown(name, f"the check itself failed ({type(error).__name__}: {error})", "report this as a bug")]
