"""Short ways to make the values that many tests need."""

import msgspec

from aggregator.page import Origin
from aggregator.tally import Seen, Tally

ALICE = Origin("alice", "a" * 16)
BOB = Origin("bob", "b" * 16)
CAROL = Origin("carol", "c" * 16)


def name(number: int) -> str:
    """The signature numbered `number`."""
    return f"s1-{number:032x}"


def seen(number: int = 1, count: int = 1, **changes: object) -> Seen:
    base = Seen(
        signature=name(number),
        root=name(number),
        title=f"ValueError: number {number}",
        kin="0" * 16,
        count=count,
        first=1000.0,
        last=1000.0,
        severity=1,
    )
    return msgspec.structs.replace(base, **changes)


def tally(number: int = 1, count: int = 1, **changes: object) -> Tally:
    base = Tally(name(number), count, 1000.0, 1000.0, 1, name(number), f"ValueError: number {number}", "0" * 16)
    return msgspec.structs.replace(base, **changes)
