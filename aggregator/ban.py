"""Bans: the one kind of ruling that only the fleet's key can make.

A ban shuts out a member whatever it does, so no member may lift its own, nor shut out others. The moment is signed
together with everything that decides between two rulings; so an old one cannot be given a new version.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import msgspec

from aggregator.book import Ruling
from aggregator.member import Sign, Verify
from aggregator.reason import Reason

KIND = "ban"
CONTEXT = b"error-aggregator ban 1\0"


def seal(ruling: Ruling, fleet: bytes, sign: Sign) -> Ruling:
    """The ruling, whose value is a moment or None, as it goes into the book; `sign` signs with the key `fleet`."""
    return msgspec.structs.replace(ruling, value=[ruling.value, fleet, sign(_signed(ruling, ruling.value))])


def check(ruling: Ruling, fleets: Sequence[bytes], verify: Verify) -> Reason | None:
    """Why a ban from outside does not count; None: a key of the fleet has signed it."""
    match ruling.value:
        case [int() | None as moment, bytes() as fleet, bytes() as signature] if fleet in fleets:
            return None if verify(fleet, _signed(ruling, moment), signature) else Reason.FORGED
        case _:
            return Reason.FORGED


def moments(rulings: Iterator[Ruling]) -> dict[str, float]:
    """From when on who is banned does not count (Unix seconds), by peer id or by key of an invitation in hex."""
    found = {ruling.subject: _moment(ruling.value) for ruling in rulings}
    return {subject: moment for subject, moment in found.items() if moment is not None}


def _moment(value: Any) -> float | None:
    first = cast("list[Any]", value)[0] if isinstance(value, list) and value else None
    return first if isinstance(first, int) else None


def _signed(ruling: Ruling, moment: int | None) -> bytes:
    return CONTEXT + msgspec.msgpack.encode((ruling.subject, moment, ruling.version, ruling.origin))
