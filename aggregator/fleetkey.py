"""The fleet's own keys: which ones may invite, and the network key that they hand out.

    fleet id = first fleet key ──signs──▶ succession ──▶ second fleet key ──▶ …
                        any of them ──signs──▶ network key, generation by generation

A fleet key that is replaced keeps its word: members that it let in stay members, and its invitations hold until they
expire or are banned. A network key is secret: it goes from member to member over encrypted streams, never by gossip and
never into the book. Each says until when the ones before it still open the door, so that who was away can come back
and be told; it is signed, so that no member can lock the others out by spreading a key of its own.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec

from aggregator.member import Sign, Verify
from aggregator.reason import Reason

SUCCESSION = b"error-aggregator succession 1\0"
NETWORK_KEY = b"error-aggregator network key 1\0"
KEPT = 3  # network keys: one in use and two before it, since two operators may renew it at the same time
SUCCESSIONS = 64  # fleet keys that a fleet has at most, one after the other

Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Seal = Annotated[bytes, msgspec.Meta(max_length=64)]  # a signature; empty while it is made
Moment = Annotated[float, msgspec.Meta(ge=0, le=2**40)]  # Unix seconds; no infinity, no NaN


class Succession(msgspec.Struct, frozen=True, array_like=True):
    """One fleet key names the next."""

    old: Key
    new: Key
    signature: Seal = b""


class NetworkKey(msgspec.Struct, frozen=True, array_like=True):
    """The private network key of one generation. Never shown."""

    generation: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    secret: Key
    made: Moment
    until: Moment  # to when the keys before this one are accepted too
    fleet: Key  # the fleet key that signed
    signature: Seal = b""

    def rank(self) -> tuple[int, float, bytes]:
        return self.generation, self.made, self.secret

    @property
    def psk(self) -> str:
        """As the network wants it: 64 hex digits."""
        return self.secret.hex()

    def __repr__(self) -> str:
        return f"NetworkKey(generation={self.generation})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("generation", self.generation)]


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What members tell each other of the fleet's keys, over encrypted streams only."""

    network: Annotated[list[NetworkKey], msgspec.Meta(max_length=KEPT)] = []
    successions: Annotated[list[Succession], msgspec.Meta(max_length=SUCCESSIONS)] = []


def succeed(old: bytes, new: bytes, sign: Sign) -> Succession:
    """The old fleet key names the new one; `sign` signs with the old one."""
    return Succession(old, new, sign(SUCCESSION + old + new))


def fleet_keys(first: bytes, successions: Iterable[Succession], verify: Verify) -> tuple[bytes, ...]:
    """All keys that lead back to the first by signatures that hold; the first is the fleet's id."""
    left, keys = list(successions)[: 2 * SUCCESSIONS], [first]
    for key in keys:  # grows while it is walked
        for step in left:
            if step.old == key and step.new not in keys and len(keys) <= SUCCESSIONS and holds(step, verify):
                keys.append(step.new)
    return tuple(keys)


def lasting(first: bytes, successions: Iterable[Succession], verify: Verify) -> list[Succession]:
    """Those of the successions that lead to a key of the fleet, each once, in an order that is the same everywhere."""
    found = sorted(set(successions), key=lambda step: (step.old, step.new, step.signature))
    keys = fleet_keys(first, found, verify)
    return [step for step in found if step.old in keys and step.new in keys and holds(step, verify)][:SUCCESSIONS]


def holds(step: Succession, verify: Verify) -> bool:
    """Whether the old key did sign this; not whether the old key is the fleet's."""
    return verify(step.old, SUCCESSION + step.old + step.new, step.signature)


def renew(before: NetworkKey | None, secret: bytes, now: float, grace: float, fleet: bytes, sign: Sign) -> NetworkKey:
    """The next generation. For `grace` seconds the ones before it are accepted too."""
    generation = before.generation + 1 if before else 1
    bare = NetworkKey(generation, secret, float(now), float(now + grace), fleet)
    return msgspec.structs.replace(bare, signature=sign(_signed(bare)))


def check(key: NetworkKey, fleets: Iterable[bytes], verify: Verify) -> Reason | None:
    """Why this is no network key of a fleet with these keys; None: it is one."""
    if key.fleet not in fleets:
        return Reason.OTHER_FLEET
    return None if verify(key.fleet, _signed(key), key.signature) else Reason.FORGED


def merged(keys: Iterable[NetworkKey], others: Iterable[NetworkKey]) -> tuple[NetworkKey, ...]:
    """The newest of both, the newest first: commutative, associative, idempotent."""
    by_rank = {key.rank(): key for key in (*keys, *others)}
    return tuple(by_rank[rank] for rank in sorted(by_rank, reverse=True)[:KEPT])


def accepted(keys: Sequence[NetworkKey], now: float) -> tuple[NetworkKey, ...]:
    """Those that open the door now: the newest, and those before it that nothing newer has ended."""
    ends = [min(newer.until for newer in keys[:n]) for n in range(1, len(keys))]
    return (*keys[:1], *(key for key, end in zip(keys[1:], ends, strict=True) if now < end))


def _signed(key: NetworkKey) -> bytes:
    return NETWORK_KEY + msgspec.msgpack.encode(msgspec.structs.replace(key, signature=b""))
