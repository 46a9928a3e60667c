"""Keys for tests of membership: real signatures, the same at every run."""

import hashlib
from functools import cache

from aggregator.fleetkey import NetworkKey, renew
from aggregator.invitation import Token, write
from aggregator.member import FLEET_KEY, Invitation, Member, admit, invite, vouch
from node.identity import Identity, from_seed

NOW = 1_800_000_000.0
DAY = 86_400.0
ADDRESS = "/ip4/192.0.2.1/tcp/4001"


@cache
def key(name: str) -> Identity:
    return from_seed(hashlib.sha256(name.encode()).digest())


FLEET = key("fleet")
GUEST = key("guest")  # the key of an invitation


def invitation(
    fleet: Identity = FLEET, guest: Identity = GUEST, expires: float = NOW + DAY, uses: int = 1
) -> Invitation:
    return invite(fleet.public, guest.public, expires, uses, fleet.sign)


def member(
    name: str, joined: float = NOW, by: Invitation | None = None, guest: Identity = GUEST, voucher: str = FLEET_KEY
) -> Member:
    """Let in by the member `voucher`, or by the fleet's key."""
    signer = key(voucher) if voucher else FLEET
    return vouch(asking(name, by, guest), signer.peer if voucher else FLEET_KEY, joined, signer.sign)


def asking(name: str, by: Invitation | None = None, guest: Identity = GUEST) -> Member:
    """One who has an invitation."""
    return admit(key(name).peer, by or invitation(), guest.sign)


def network_key(fleet: Identity = FLEET, secret: bytes = b"n" * 32, grace: float = DAY) -> NetworkKey:
    return renew(None, secret, NOW, grace, fleet.public, fleet.sign)


def token(**changes: object) -> Token:
    parts: dict[str, object] = {
        "name": "shop",
        "fleet": FLEET.public,
        "successions": [],
        "invitation": invitation(),
        "seed": GUEST.private_bytes(),
        "network_key": network_key(),
        "marker_key": b"m" * 32,
        "length": 900,
        "addresses": [f"{ADDRESS}/p2p/{key('alice').peer}"],
        **changes,
    }
    return Token(**parts)  # pyright: ignore[reportArgumentType]  # each change is checked by its test


def line(given: Token | None = None, fleet: Identity = FLEET) -> str:
    return write(given or token(), fleet.sign)
