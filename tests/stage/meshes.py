"""Real meshes in one process: stores on disk, libp2p on loopback, one fleet."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator.ban import seal
from aggregator.book import Ruling
from aggregator.due import Policy
from aggregator.fleetkey import renew
from aggregator.member import FLEET_KEY, Invitation, admit, invite, vouch
from aggregator.reason import Reason
from node.book import BookKeeper, open_book
from node.clock import SystemClock
from node.fleet import FleetFile
from node.identity import load_or_make
from node.mesh import Mesh
from node.network import NetworkSettings
from node.store import Store, open_store
from node.tally import Counting, open_counting

LENGTH = 900
LOOKBACK = 86_400.0


class Founders:
    """Who made the fleet: its key (`seed`: its private half), one invitation, the network key.

    `lasts`: seconds until the invitation expires. `length`: of a window, in seconds.
    """

    def __init__(self, uses: int = 100, *, lasts: float = 3600.0, length: int = LENGTH, seed: bytes = b"") -> None:
        self.length = length
        self.fleet_key = Ed25519PrivateKey.from_private_bytes(seed or secrets.token_bytes(32))
        self.invitation_key = Ed25519PrivateKey.generate()
        self.fleet = self.fleet_key.public_key().public_bytes_raw()
        public = self.invitation_key.public_key().public_bytes_raw()
        expires = SystemClock().now() + lasts
        self.invitation: Invitation = invite(self.fleet, public, expires, uses, self.fleet_key.sign)
        self.network_key = renew(None, secrets.token_bytes(32), 0.0, 0.0, self.fleet, self._sign)

    def _sign(self, message: bytes) -> bytes:
        return self.fleet_key.sign(message)

    def ban(self, ruling: Ruling) -> Ruling:
        """The ban that only who has the fleet's key can make."""
        return seal(ruling, self.fleet, self._sign)

    def file(self, peer: str, *, asking: bool = False) -> FleetFile:
        """The fleet file of a member, or of one who is yet to be let in (`asking`)."""
        member = admit(peer, self.invitation, self.invitation_key.sign)
        if not asking:
            member = vouch(member, FLEET_KEY, SystemClock().now(), self._sign)
        return FleetFile(
            name="test",
            id=self.fleet,
            network_keys=[self.network_key],
            marker=b"m" * 16,
            length=self.length,
            member=member,
        )


class Nobody:
    """The standing of a node that may not file."""

    policy = Policy(repository="acme/app")

    def candidates(self) -> list[str]:
        return []

    def trouble(self) -> dict[str, str]:
        return {}

    def why_no_candidate(self, repository: str) -> Reason | None:
        return Reason.FILING_OFF


@dataclass
class MeshNode:
    """One node's part in the fleet, running."""

    mesh: Mesh
    counting: Counting
    keeper: BookKeeper
    store: Store
    nursery: trio.Nursery

    @property
    def address(self) -> str:
        return self.mesh.network.addresses[0]


@asynccontextmanager
async def node(
    founders: Founders, directory: Path, *seeds: str, psk: str = "", without_key: bool = False, asking: bool = False
) -> AsyncGenerator[MeshNode]:
    """A node in `directory` that knows `seeds`; gone at the end, its directory stays."""
    clock = SystemClock()
    await trio.Path(directory).mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(directory))
        identity = load_or_make(directory / "key")
        counting = await open_counting(store, identity.peer, founders.length, LOOKBACK, clock)
        keeper = await open_book(store, identity.peer, clock)
        key = "" if without_key else psk or founders.network_key.psk
        settings = NetworkSettings(psk=key, open=without_key, listen=("/ip4/127.0.0.1/tcp/0",), seeds=seeds)
        file = founders.file(identity.peer, asking=asking)
        mesh = Mesh(file, settings, directory / "addresses", identity, counting, keeper, store, clock, Nobody(), 2.0)
        nursery = await stack.enter_async_context(trio.open_nursery())
        await nursery.start(mesh.run)
        yield MeshNode(mesh, counting, keeper, store, nursery)
        nursery.cancel_scope.cancel()
