"""Lets go of what was taken from nodes whose word does not count, as soon as the book says so.

A ban counts from its moment, wherever it is heard; an invitation's uses go to who joined first, whoever was met first.
So a node that was cut off may have taken what all others refuse, and must drop it to agree with them. Looked at
whenever the book learns of a member or a ban, and once a minute: a page may be on its way while the ban comes in.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog
import trio

from aggregator.book import Ruling
from aggregator.fleet import Fleet
from aggregator.page import PageKey
from node.store import StoreError

EVERY = 60.0  # seconds
KINDS = ("ban", "member")  # rulings that decide whose pages are taken

log = structlog.get_logger("disowning")


class Disowning:
    """`drop`: removes pages from ledger and store. Raises `StoreError`."""

    def __init__(self, fleet: Fleet, drop: Callable[[Sequence[PageKey]], Awaitable[None]]) -> None:
        self._fleet, self._drop = fleet, drop
        self._ruled = trio.Event()

    def entered(self, rulings: Iterable[Ruling]) -> None:
        """What the book learnt."""
        if any(ruling.kind in KINDS for ruling in rulings):
            self._ruled.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._ruled = trio.Event()
            await self._look()
            with trio.move_on_after(EVERY):
                await self._ruled.wait()

    async def _look(self) -> None:
        keys = self._fleet.disowned()
        if not keys:
            return
        try:
            await self._drop(keys)
        except StoreError as error:
            log.error("not dropped", reason=str(error), remedy="it is tried again in a minute")
            return
        self._fleet.disown(keys)
        peers = sorted({key.origin.peer for key in keys})
        log.warning("pages dropped", reason="their origins were banned or never members", pages=len(keys), peers=peers)
