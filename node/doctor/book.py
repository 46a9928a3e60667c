"""The book of the fleet: whether it has room, and whether all that is kept of it counts."""

from node.book import BOOK_REMEDY
from node.control.state import Finding
from node.doctor.case import Case
from node.doctor.finding import ok, problem


async def book(case: Case) -> list[Finding]:
    """Only a running node has it before it."""
    if not case.running:
        return []
    if not case.full:
        return [ok("book", "it has room for further rulings of every kind")]
    return [problem("book", "no room for further rulings of this kind", BOOK_REMEDY, kind) for kind in case.full]
