"""An invitation as it is handed over: one line of text that lets machines into the fleet.

    ea1_ + base64url( MessagePack of everything below ‖ signature of the fleet key over it )

It holds what a new node must know: the invitation and its private half, the network key, the marker key, the length of
a window, and where to begin. So it is a secret, as good as a key to the fleet until it expires or is used up. The
signature covers every byte: a line that was damaged on its way is refused as a whole, instead of letting a node into
half a fleet. White space is ignored, because terminals and mails break long lines.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from aggregator import fleetkey
from aggregator.fleetkey import Key, NetworkKey, Succession
from aggregator.member import Invitation, Sign, Verify
from aggregator.reason import Reason
from aggregator.unreadable import UNREADABLE

PREFIX = "ea1_"
CONTEXT = b"error-aggregator invitation token 1\0"
LONGEST = 16_384  # characters
ADDRESSES = 8
USES = 1_000
SIGNATURE_BYTES = 64


class BadToken(ValueError):
    """A token that is refused; the text says why and what to do, and holds nothing of the token."""


class Token(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, kw_only=True):
    """All that a new node is told. Never shown."""

    name: Annotated[str, msgspec.Meta(max_length=64)]  # of the fleet, for people
    fleet: Key  # id: its first public key
    successions: Annotated[list[Succession], msgspec.Meta(max_length=fleetkey.SUCCESSIONS)]
    invitation: Invitation
    seed: Key  # private half of the invitation's key
    network_key: NetworkKey
    marker_key: Key
    length: Annotated[int, msgspec.Meta(ge=1, le=86_400)]  # seconds of a window
    addresses: Annotated[list[str], msgspec.Meta(max_length=ADDRESSES)]

    def __repr__(self) -> str:
        return f"Token(fleet={self.fleet.hex()[:8]})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("fleet", self.fleet.hex()[:8])]

    def why_not(self, now: float) -> Reason | None:
        """Why nobody can join with it now; None: somebody can, unless it was used up."""
        return Reason.INVITATION_EXPIRED if now > self.invitation.expires else None


def write(token: Token, sign: Sign) -> str:
    """The line of text; `sign` signs with the fleet key that signed the invitation."""
    body = msgspec.msgpack.encode(token)
    return PREFIX + base64.urlsafe_b64encode(body + sign(CONTEXT + body)).decode().rstrip("=")


def read(text: str, verify: Verify, address: Callable[[str], bool]) -> Token:
    """The token in `text`. `address`: whether a text names a node and where it is. Raises `BadToken`."""
    data = _bytes("".join(text.split()))
    body, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    try:
        token = msgspec.msgpack.decode(body, type=Token)
    except UNREADABLE:
        raise _damaged("what it holds is not an invitation") from None
    if not verify(token.invitation.fleet, CONTEXT + body, signature):
        raise _damaged("its signature does not hold")
    reason = _why_not(token, verify)
    if reason is not None:
        raise _damaged(reason.value)
    if not all(map(address, token.addresses)):
        raise _damaged("it names an address that is none")
    return token


def _why_not(token: Token, verify: Verify) -> Reason | None:
    """The parts must belong to one fleet, whoever put them together."""
    keys = fleetkey.fleet_keys(token.fleet, token.successions, verify)
    invitation = token.invitation
    if invitation.fleet not in keys:
        return Reason.OTHER_FLEET
    if not invitation.holds(verify) or not 1 <= invitation.uses <= USES:
        return Reason.FORGED
    return fleetkey.check(token.network_key, keys, verify)


def _bytes(text: str) -> bytes:
    if not text.startswith(PREFIX):
        hint = "a newer version wrote it: upgrade this machine" if text[:2] == "ea" else f"it begins with {PREFIX}"
        raise BadToken(f"this is no invitation that this version reads ({hint})")
    encoded = text[len(PREFIX) :]
    if len(encoded) > LONGEST or not encoded.isascii():
        raise _damaged(f"it has {len(encoded)} characters, at most {LONGEST} of ASCII")
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _damaged("it is not base64url") from None
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != encoded:
        raise _damaged("it is not base64url")
    return data


def _damaged(why: str) -> BadToken:
    return BadToken(f"the invitation is damaged or cut off ({why}): copy all of it, or ask for a new one")
