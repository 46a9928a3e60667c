"""What this node says of itself: that it is there, since when, for which repositories it may file, and where it is.

A node that was copied says that it files for none: two machines with one key would each take the other's claims for
its own.
"""

from collections.abc import Callable
from typing import Protocol

import structlog

from aggregator import __version__, copies
from aggregator.fleet import Fleet
from aggregator.message import Presence
from aggregator.reason import Reason
from aggregator.settling import Settling
from node.clock import Clock

READS = ["page 1", "s1"]  # formats and signature versions that this node understands
ADDRESSES = 4  # at most, in one presence

log = structlog.get_logger("mesh")


class Standing(Protocol):
    """What this node by itself may file for."""

    def candidates(self) -> list[str]: ...

    def trouble(self) -> dict[str, str]: ...


class Said:
    """Call it for the presence of now. `addresses`: where others reach this node."""

    def __init__(
        self, fleet: Fleet, settling: Settling, clock: Clock, standing: Standing, addresses: Callable[[], list[str]]
    ) -> None:
        self.tells: Callable[[], bool] = lambda: False  # whether this node sends notifications
        self._fleet, self._settling, self._clock = fleet, settling, clock
        self._standing, self._addresses = standing, addresses
        self._told_of_copy = False

    def __call__(self) -> Presence:
        elapsed = self._clock.elapsed()
        self._settling.awake(elapsed)
        copied, mine = self._fleet.copied(elapsed), self._standing.candidates()
        self._tell_of_copy(copied)
        return Presence(
            run=self._fleet.me.run,
            at=self._clock.now(),
            version=__version__,
            reads=READS,
            settled=self._settling.settled(elapsed),
            candidate=[] if copied else mine,
            refused=dict.fromkeys(mine, Reason.COPIED.name) if copied else self._standing.trouble(),
            addresses=self._addresses()[:ADDRESSES],
            tells=self.tells(),
        )

    def _tell_of_copy(self, copied: bool) -> None:
        """Once each time that it is found."""
        if copied and not self._told_of_copy:
            remedy = copies.REMEDY
            log.error("this node was copied", reason=Reason.COPIED.value, peer=self._fleet.me.peer, remedy=remedy)
        self._told_of_copy = copied
