"""The fleet file: what this node must know to be one of a fleet, in one file of its state directory.

`fleet.json` (mode 0600, replaced as a whole) holds the fleet's id, its network keys, the length of its windows, where
to begin, and this node's own chain of signatures. Without the file a node is alone, and that is in order. The marker
key stays in its own file, which a node without a fleet has too; the fleet file knows its fingerprint, so that a lost
or exchanged marker key is noticed before an issue is filed twice. `fleet.key`, the private half of the fleet's key,
is only where `init` ran (or where it was put by hand): it lets nodes in, and is not needed to run.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from aggregator import fleetkey
from aggregator.fleetkey import Key, Keys, NetworkKey, Succession
from aggregator.member import Member, check, check_admission
from aggregator.reason import Reason
from aggregator.roster import Roster
from aggregator.unreadable import UNREADABLE
from node import markerkey
from node.identity import Identity, IdentityError, load, verify, verify_key

NAME = "fleet.json"
KEY_NAME = "fleet.key"
NODE_KEY = "key"  # of this node, beside the fleet file
VERSION = 2  # 1: members said themselves when they had joined
FINGERPRINT = b"error-aggregator marker key\0"


class FleetError(Exception):
    """The fleet file cannot be used; the text says where, why, and after the last colon what to do."""


class FleetFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the file. Secrets are never shown."""

    version: int = VERSION
    name: str  # for people
    id: Key  # the fleet's first public key
    successions: list[Succession] = []
    network_keys: Annotated[list[NetworkKey], msgspec.Meta(min_length=1, max_length=fleetkey.KEPT)]  # the newest first
    marker: bytes  # fingerprint of the marker key
    length: Annotated[int, msgspec.Meta(ge=1, le=86_400)]  # seconds of a window
    seeds: list[str] = []  # where to begin: /ip4/…/tcp/…/p2p/<peer id>
    member: Member  # this node's chain; without a signature until a member has let it in

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The public fleet keys that may let nodes in."""
        return fleetkey.fleet_keys(self.id, self.successions, verify_key)

    def roster(self) -> Roster:
        """A roster with this node in it, if it was let in by the fleet's key."""
        roster = Roster(self.keys, verify_key, verify)
        roster.put(self.member)
        return roster

    def psks(self, now: float) -> list[str]:
        """The network keys that open the door now, in hex: the one to dial with first."""
        return [key.psk for key in fleetkey.accepted(self.network_keys, now)]

    def shared(self) -> Keys:
        """What other members are told of the keys."""
        return Keys(network=self.network_keys, successions=self.successions)

    def learned(self, keys: Keys) -> "FleetFile":
        """The same with those of these keys that are the fleet's."""
        successions = fleetkey.lasting(self.id, [*self.successions, *keys.successions], verify_key)
        fleets = fleetkey.fleet_keys(self.id, successions, verify_key)
        good = [key for key in keys.network if fleetkey.check(key, fleets, verify_key) is None]
        network = list(fleetkey.merged(self.network_keys, good))
        return msgspec.structs.replace(self, network_keys=network, successions=successions)

    def why_not(self) -> Reason | None:
        """Why this node's chain is of no use in the fleet: it was neither let in nor may ask to be."""
        if self.member.signature:
            return check(self.member, self.keys, verify_key, verify)
        return check_admission(self.member, self.keys, verify_key)

    def __repr__(self) -> str:
        return f"FleetFile({self.name}, {self.id.hex()[:8]})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("name", self.name)]


class _Head(msgspec.Struct):
    """What every version of the file begins with."""

    version: int = VERSION


def load_fleet(directory: Path, peer: str) -> FleetFile | None:
    """The fleet that the node `peer` of this state directory belongs to; None: it is alone. Raises `FleetError`."""
    path = directory / NAME
    file = read(path)
    if file is None:
        return None
    _check(path, file)
    if file.member.peer != peer:
        raise FleetError(
            f"{path}: belongs to the node {file.member.peer}, this is {peer} (a replaced key, or a copied file?): "
            f"restore {directory / NODE_KEY}, or move {path} away and join again"
        )
    if file.marker != fingerprint(_marker(directory)):
        raise FleetError(
            f"{directory / markerkey.NAME}: is not the marker key of this fleet, so known issues would be filed again: "
            "copy it from another node of the fleet, or join again with a new invitation"
        )
    return file


def read(path: Path) -> FleetFile | None:
    """What stands at `path`; None where nothing is. Raises `FleetError`."""
    try:
        mode, data = path.stat().st_mode, path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FleetError(f"{path}: cannot be read ({error.strerror}): check its owner") from None
    if mode & 0o077:
        raise FleetError(f"{path}: others can read the fleet's keys (mode {mode & 0o777:04o}): chmod 600 it")
    try:
        version = msgspec.json.decode(data, type=_Head).version
        file = msgspec.json.decode(data, type=FleetFile) if version == VERSION else None
    except UNREADABLE as error:
        raise FleetError(f"{path}: is damaged ({error}): restore it, or move it away and join again") from None
    if file is None:
        raise FleetError(
            f"{path}: was written by another version ({version}, this one reads {VERSION}): upgrade, or move it away "
            "and join again"
        )
    return file


def save(directory: Path, file: FleetFile) -> None:
    """Replace the fleet file as a whole. Raises `FleetError`; then the old one stands."""
    path = directory / NAME
    new = None
    try:
        handle, new = tempfile.mkstemp(dir=directory, prefix=f".{NAME}.")
        with os.fdopen(handle, "wb") as stream:  # mkstemp makes it 0600
            stream.write(msgspec.json.format(msgspec.json.encode(file)))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, path)
    except OSError as error:
        if new:
            Path(new).unlink(missing_ok=True)
        raise FleetError(
            f"{path}: cannot be written ({error.strerror}): check the directory's owner and space"
        ) from None


def let_in(directory: Path, member: Member) -> None:
    """Keep the chain of this node, by which it was let in. Raises `FleetError`: it is let in anew after a restart."""
    file = read(directory / NAME)
    if file and file.member.admission == member.admission and not file.member.signature:
        save(directory, msgspec.structs.replace(file, member=member))


def load_fleet_key(directory: Path, keys: Sequence[bytes]) -> Identity:
    """The private fleet key, which must be one of these. Raises `FleetError`."""
    path = directory / KEY_NAME
    try:
        key = load(path, "fleet's key")
    except FileNotFoundError:
        raise FleetError(
            f"{path}: is not here: run this on the machine where `aggregator init` ran, or copy the file from there"
        ) from None
    except IdentityError as error:
        raise FleetError(str(error)) from None
    if key.public not in keys:
        raise FleetError(f"{path}: is the key of another fleet: restore the one that `aggregator init` made here")
    return key


def fingerprint(marker_key: bytes) -> bytes:
    """What the fleet file knows of the marker key."""
    return hashlib.blake2b(FINGERPRINT + marker_key, digest_size=16).digest()


def _marker(directory: Path) -> bytes:
    path = directory / markerkey.NAME
    if not path.exists():
        raise FleetError(
            f"{path}: is gone: copy it from another node of the fleet, or join again with a new invitation"
        )
    try:
        return markerkey.load_or_make(path)
    except markerkey.MarkerKeyError as error:
        raise FleetError(str(error)) from None


def _check(path: Path, file: FleetFile) -> None:
    remedy = "restore it, or move it away and join again"
    if reason := file.why_not():
        raise FleetError(f"{path}: the membership in it cannot be used ({reason.value}): {remedy}")
    if any(fleetkey.check(key, file.keys, verify_key) for key in file.network_keys):
        raise FleetError(f"{path}: a network key in it was not made with this fleet's key: {remedy}")
