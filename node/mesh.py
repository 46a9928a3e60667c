"""Everything that speaks to other nodes, put together: network, introductions, gossip, sync and election.

Nothing here is needed to count or to file: a node whose network is down goes on alone, and catches up by sync.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import structlog
import trio

from aggregator import __version__, ban, hello
from aggregator.arrivals import Terms
from aggregator.book import Fact, FactKey, Ruling
from aggregator.due import Policy
from aggregator.fleet import Fleet
from aggregator.member import Member
from aggregator.pace import Pace, share_of
from aggregator.reason import Reason
from aggregator.settling import Settling
from node import keeping, relay, rotation, samples, sync
from node.book import BookKeeper, Seal
from node.clock import Clock
from node.config import Config, Places
from node.disowning import Disowning
from node.door import Door
from node.election import Election
from node.fleet import FleetError, FleetFile, let_in, load_fleet_key
from node.gossip import Gossip, Intake
from node.identity import Identity, verify
from node.keeping import Shelving
from node.links import Links
from node.network import Network, NetworkSettings
from node.peers import Introductions
from node.relay import Relay
from node.roll import Roll
from node.rotation import Rotation
from node.said import READS, Said
from node.samples import Samples
from node.store import Store
from node.sync import Sync
from node.tally import Counting

log = structlog.get_logger("mesh")


class Standing(Protocol):
    """What this node by itself may file for."""

    @property
    def policy(self) -> Policy: ...

    def candidates(self) -> list[str]: ...

    def trouble(self) -> dict[str, str]: ...

    def why_no_candidate(self, repository: str) -> Reason | None: ...


class Mesh:
    """This node's part in its fleet. Make it, then `await nursery.start(mesh.run)`."""

    def __init__(
        self,
        file: FleetFile,
        settings: NetworkSettings,
        address_book: Path,
        identity: Identity,
        counting: Counting,
        keeper: BookKeeper,
        store: Store,
        clock: Clock,
        standing: Standing,
        takeover: float,
    ) -> None:
        self._standing = standing
        self._clock, self._keeper, self._counting = clock, keeper, counting
        self.settling = Settling(clock.elapsed())
        roster = keeper.roster or file.roster()
        terms = Terms(file.id, file.length, verify)
        self.fleet = Fleet(
            counting.origin,
            terms,
            roster,
            counting.ledger,
            keeper.book,
            identity.sign,
            lambda: standing.policy,
            clock.now(),
        )
        self.network = Network(settings, identity.private_bytes(), address_book, log)
        links = Links(self.network)
        self.door = Door(self.fleet, file.member, clock, self._enter, self._let_in)
        greeting = hello.Hello(b"", __version__, file.length, READS)
        self.introductions = Introductions(self.fleet, greeting, self.door, links, self.settling.met)
        self.intake = Intake(self.fleet, counting, keeper)
        self.said = Said(self.fleet, self.settling, clock, standing, lambda: self.network.addresses)
        rate = share_of(len(roster.members()))
        pace = Pace(clock.elapsed(), rate, tokens=random.random())  # noqa: S311  # jitter is no secret
        self.gossip = Gossip(self.fleet, self.network, self.intake, pace, clock, self.said)
        self.sync = Sync(
            self.fleet, links.ask, self.neighbours, self.intake.take, clock, file.length, self.settling.pulled
        )
        self.shelving = Shelving(
            self.fleet,
            links.ask,
            lambda peers: self.network.want(peers, self.fleet.peers.addresses_of),
            self.neighbours,
            self.intake.take,
            self._enter,
            counting.disown,
            standing.candidates,
            clock,
            file.length,
        )
        self.relay = Relay(self.fleet, links.ask, self.shelving.reach, self.neighbours, standing.candidates, clock)
        self.disowning = Disowning(self.fleet, counting.disown)
        self.samples = Samples(store, self.fleet, links.ask, self.neighbours, clock)
        self.election = Election(self.fleet, self.settling, clock, takeover, standing.why_no_candidate)
        self.rotation = Rotation(
            file, address_book.parent, self.fleet, links.ask, self.neighbours, self._use_keys, clock
        )
        self.roll = Roll(
            self.fleet,
            clock,
            self.network.peers,
            lambda: self.sync.compared,
            self.election.standing,
            standing.candidates,
            standing.trouble,
            lambda: takeover,
            lambda: self.network.addresses,
            self.rotation.renew,
            self._sealing,
        )
        self._directory = address_book.parent
        self.name, self._seeds = file.name, settings.seeds

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled; started when it listens. Raises `NetworkError` when it cannot listen."""
        self.fleet.load(list(self._counting.ledger.pages()))
        await self.door.show()
        self._keeper.listener = self._entered
        self._counting.listener = self.gossip.wrote
        self._counting.oldest_alone = lambda: self.fleet.oldest_alone(self._clock.elapsed())
        self._counting.sample_listener = self.samples.made
        self.network.set_validator(self._valid)
        self.network.accept(self.introductions.may_link)
        self.network.handle(hello.PROTOCOL, self.introductions.handle)
        self.network.handle(sync.PROTOCOL, self.sync.handle)
        self.network.handle(rotation.PROTOCOL, self.rotation.handle)
        self.network.handle(samples.PROTOCOL, self.samples.handle)
        self.network.handle(keeping.PROTOCOL, self.shelving.handle)
        self.network.handle(relay.PROTOCOL, self.relay.handle)
        async with trio.open_nursery() as outer:
            lines = await outer.start(self._run_network)
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.introductions.run)
                    nursery.start_soon(self.sync.run)
                    nursery.start_soon(self.rotation.run)
                    nursery.start_soon(self.disowning.run)
                    nursery.start_soon(self.gossip.run)
                    nursery.start_soon(self.samples.run)
                    nursery.start_soon(self.shelving.run)
                    log.info("listening", addresses=self.network.addresses)
                    task_status.started()
            finally:
                lines.cancel()

    async def _run_network(self, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        """Ended by the scope that it starts with: after the others, whose last word is that this node leaves."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.network.run)
            nursery.cancel_scope.shield = True
            task_status.started(nursery.cancel_scope)

    def statistics(self) -> dict[str, int]:
        """For `status` and metrics."""
        refused: Counter[str] = self.intake.refused + self.introductions.refused
        return {
            "sent": self.gossip.sent,
            "heard": self.gossip.heard,
            "heard_pages": self.gossip.heard_pages,
            "waiting": len(self.fleet.outbox),
            **{f"sync_{name}": count for name, count in self.sync.counts.items()},
            **{f"relay_{name}": count for name, count in self.relay.counts.items()},
            **{f"refused_{name.lower()}": count for name, count in refused.items()},
            **{
                f"rejected_{name.replace(' ', '_')}": count
                for name, count in self.network.statistics().rejected.items()
            },
        }

    def addresses(self) -> list[str]:
        """Where other nodes are said to be, with their peer ids."""
        peers = self.fleet.peers
        said = [address for peer in peers.everybody() for address in peers.addresses_of(peer)]
        every = dict.fromkeys([*self._seeds, *said])
        return [address for address in every if not address.endswith(self.fleet.me.peer)]

    def clocks(self) -> list[float]:
        """By how many seconds this clock is ahead of that of each node that is there."""
        return self.fleet.peers.clocks(self._clock.now(), self._clock.elapsed())

    @property
    def copied(self) -> bool:
        """Whether another machine runs with this node's key."""
        return self.fleet.copied(self._clock.elapsed())

    def _entered(self, facts: Sequence[tuple[FactKey, Fact]], rulings: Sequence[Ruling]) -> None:
        """The book changed, by us or by others: tell it on, and note who is at work."""
        self.gossip.entered(facts, rulings)
        self.election.entered(facts)
        self.fleet.ruled(rulings)
        self.disowning.entered(rulings)

    def _use_keys(self, psks: list[str]) -> None:
        self.network.set_keys(psks[0], psks[1:])

    async def _enter(self, rulings: Iterable[Ruling]) -> None:
        await self._keeper.merge([], list(rulings))

    async def _let_in(self, member: Member) -> None:
        try:
            await trio.to_thread.run_sync(let_in, self._directory, member)
        except FleetError as error:
            log.error("this node's membership is not written down", reason=str(error), remedy="the book has it, too")

    async def _sealing(self) -> Seal:
        """What signs a ban. Raises `FleetError` where the fleet's key is not here."""
        key = await trio.to_thread.run_sync(load_fleet_key, self._directory, self.rotation.file.keys)
        return lambda ruling: ban.seal(ruling, key.public, key.sign)

    def neighbours(self) -> list[str]:
        """Peer ids of the members that this node is linked with."""
        return [link.peer_id for link in self.network.peers() if link.peer_id in self.introductions.hellos]

    def _valid(self, origin: str, data: bytes) -> bool:
        if origin == self.fleet.me.peer:  # its own words; or those of another machine, which the library drops next
            self.fleet.overheard(data)
        return self.fleet.why_not(origin) is None


def make_mesh(
    file: FleetFile,
    config: Config,
    where: Places,
    identity: Identity,
    counting: Counting,
    keeper: BookKeeper,
    store: Store,
    clock: Clock,
    standing: Standing,
) -> Mesh:
    """This node's part in the fleet of `file`. Raises `NetworkError` on settings that cannot be meant."""
    network, psks = config.network, file.psks(clock.now())
    settings = NetworkSettings(
        psk=psks[0],
        older=tuple(psks[1:]),
        realm=file.id.hex(),
        listen=network.listen,
        announce=network.announce,
        seeds=tuple(dict.fromkeys([*network.seeds, *file.seeds])),
        max_links=network.max_links,
        mdns=network.mdns,
    )
    book = where.directory / "addresses.json"
    return Mesh(file, settings, book, identity, counting, keeper, store, clock, standing, config.election.takeover)
