"""How a node comes to its fleet file: the first one founds the fleet, the others are let in with an invitation.

Nothing here talks to anybody. Founding makes the keys, lets the founder in with the fleet's own, and writes the
files; the fleet file comes last, so that a crash leaves a node without a fleet, and the same command again completes
it. Inviting signs a line of text; joining reads it, and keeps what the first
member that this node meets will let it in for.
"""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from aggregator import fleetkey, invitation
from aggregator.invitation import Token
from aggregator.member import FLEET_KEY, Member, admit, invite, vouch
from node import markerkey
from node.fleet import (
    KEY_NAME,
    NAME,
    FleetError,
    FleetFile,
    fingerprint,
    load_fleet,
    load_fleet_key,
    read,
    save,
)
from node.identity import Identity, IdentityError, from_seed, load_or_make, verify_key

SEED_BYTES = 32
CLOCKS = 3_600.0  # seconds that the founder's own invitation outlives it, since clocks are set


def found(directory: Path, node: Identity, name: str, length: int, now: float) -> FleetFile:
    """Make `node` the first of a new fleet. Raises `FleetError`."""
    try:
        key = load_or_make(directory / KEY_NAME, "fleet's key")
        marker = markerkey.load_or_make(directory / markerkey.NAME)
    except (IdentityError, markerkey.MarkerKeyError) as error:
        raise FleetError(str(error)) from None
    own = from_seed(secrets.token_bytes(SEED_BYTES))
    by = invite(key.public, own.public, now + CLOCKS, 1, key.sign)
    file = FleetFile(
        name=name,
        id=key.public,
        network_keys=[fleetkey.renew(None, secrets.token_bytes(SEED_BYTES), now, 0.0, key.public, key.sign)],
        marker=fingerprint(marker),
        length=length,
        member=vouch(admit(node.peer, by, own.sign), FLEET_KEY, now, key.sign),
    )
    save(directory, file)
    return file


def write_token(directory: Path, file: FleetFile, expires: float, uses: int, addresses: Sequence[str]) -> str:
    """A new invitation as a line of text, good until `expires` (Unix seconds). Raises `FleetError`."""
    key = load_fleet_key(directory, file.keys)
    seed = secrets.token_bytes(SEED_BYTES)
    token = Token(
        name=file.name,
        fleet=file.id,
        successions=file.successions,
        invitation=invite(key.public, from_seed(seed).public, expires, uses, key.sign),
        seed=seed,
        network_key=file.network_keys[0],
        marker_key=markerkey.load_or_make(directory / markerkey.NAME),
        length=file.length,
        addresses=list(addresses)[: invitation.ADDRESSES],
    )
    return invitation.write(token, key.sign)


def read_token(text: str, address: Callable[[str], bool]) -> Token:
    """The invitation in a line of text. Raises `BadToken`."""
    return invitation.read(text, verify_key, address)


def may_join(directory: Path, token: Token, now: float) -> FleetFile | None:
    """Whether this state directory may join: the fleet file if it is a member already. Raises `FleetError`."""
    path = directory / NAME
    before = read(path)
    if before is not None and before.id != token.fleet:
        raise FleetError(
            f"{path}: this node is a member of another fleet ({before.name}): to leave that one, stop the node and "
            f"move {path} away"
        )
    reason = token.why_not(now)
    if reason is not None:
        raise FleetError(
            f"the invitation has expired {_ago(now - token.invitation.expires)} ago by this machine's clock: ask for a "
            "new one (aggregator invite), or set the clock"
        )
    return before


def asking(directory: Path, node: Identity, token: Token, now: float) -> Member:
    """What `node` shows to be let in, or its chain where it was. Raises `FleetError`."""
    before = may_join(directory, token, now)
    if before and before.member.peer == node.peer and before.member.invitation == token.invitation:
        return before.member  # the same invitation used again by the same node is used once
    return admit(node.peer, token.invitation, from_seed(token.seed).sign)


def join(directory: Path, token: Token, member: Member, seeds: Sequence[str], now: float) -> FleetFile:
    """Write down what a member knows; `member` as of `asking`, let in since or not. Raises `FleetError`."""
    before = may_join(directory, token, now)
    file = FleetFile(
        name=token.name,
        id=token.fleet,
        successions=list(dict.fromkeys([*token.successions, *(before.successions if before else ())])),
        network_keys=list(fleetkey.merged([token.network_key], before.network_keys if before else ())),
        marker=fingerprint(token.marker_key),
        length=token.length,
        seeds=list(seeds),
        member=member,
    )
    reason = file.why_not()
    if reason is not None:
        raise FleetError(f"the invitation does not let this node in: it {reason.value}; ask for a new one")
    try:
        markerkey.write(directory / markerkey.NAME, token.marker_key)
    except markerkey.MarkerKeyError as error:
        raise FleetError(str(error)) from None
    save(directory, file)
    return file


def own_fleet(directory: Path, node: Identity) -> FleetFile:
    """The fleet of this node. Raises `FleetError` where it has none."""
    file = load_fleet(directory, node.peer)
    if file is None:
        raise FleetError(
            f"{directory / NAME}: this node belongs to no fleet: `aggregator init` founds one, `aggregator join` joins "
            "one"
        )
    return file


def _ago(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds / length)} {unit}"
    return f"{int(seconds)} seconds"
