"""Which peers to be linked with: the overlay is ours, the library only carries it out.

Every tick the node looks at its links and its address book, and
  dials     so that it has `dials` links of its own making; a random choice keeps the fleet one piece
  cuts      who is no longer accepted, and guests beyond `max_links`, the newest first
  repairs   peers that are connected but silent in pubsub: a new stream, else a new connection
  asks      new and old neighbours for addresses
  shuffles  one link for another every two minutes, so that two halves that grew apart find each other

The higher of two peer ids waits a moment before it dials a peer that knows it too: two connections between the same
two nodes are allowed, but one of them closing makes one side forget what the other is subscribed to. That, and any
other lost subscription, is healed by repeating it every few seconds.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import trio
from multiaddr import Multiaddr

from node.network.addressbook import AddressBook
from node.network.counters import Counters
from node.network.errors import NetworkError, Reason
from node.network.host import Stack
from node.network.identity import library_id
from node.network.links import Links, PeerLink
from node.network.logs import Log
from node.network.probe import reason_of
from node.network.settings import NetworkSettings

TICK_SECONDS = 0.25
SHORT_LINK_SECONDS = 10.0  # a link that ended sooner counts as a failed dial
REFUSED_SECONDS = 60.0  # how long a peer is left alone that is full, or that was cut by us
REPAIR_SECONDS = 8.0


@dataclass(slots=True)
class _Dialling:
    """When a peer may be dialled next, and how long to wait after the next failure."""

    next_at: float
    pause: float
    complained: bool = False


class Overlay:
    """Lives as long as one stack. The address book and the dialling pauses outlive it."""

    def __init__(
        self,
        settings: NetworkSettings,
        own_id: str,
        book: AddressBook,
        links: Links,
        counters: Counters,
        accepted: Callable[[str], bool],
        log: Log,
    ) -> None:
        self._settings = settings
        self._own_id = own_id
        self._book = book
        self._links = links
        self._counters = counters
        self._accepted = accepted
        self._log = log
        self._dialling: dict[str, _Dialling] = {}
        self._in_flight: set[str] = set()
        self._repairing: set[str] = set()
        self._known_links: dict[str, float] = {}
        self._draw = random.Random()  # noqa: S311 - a choice of neighbours is no secret

    async def run(self, stack: Stack, ask: Callable[[str], None]) -> None:
        """Until cancelled. `ask` starts a peer exchange and returns at once. Raises NetworkError if the stack died."""
        self._in_flight.clear()
        self._repairing.clear()
        self._known_links.clear()
        shuffle_at = trio.current_time() + self._settings.shuffle_every * self._draw.uniform(0.5, 1.5)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._announce, stack)
            while True:
                if not stack.alive():
                    raise NetworkError(Reason.BROKEN, "a libp2p service ended")
                self._links.mark_pubsub(stack.in_pubsub())
                self._notice(ask)
                await self._cut(stack)
                self._start_repairs(stack, nursery)
                wanted = self._settings.dials - self._own_links()
                if trio.current_time() >= shuffle_at:
                    shuffle_at = trio.current_time() + self._settings.shuffle_every * self._draw.uniform(0.5, 1.5)
                    wanted = max(wanted, 1)
                for peer_id in self._choose(wanted):
                    nursery.start_soon(self._dial, stack, peer_id)
                await trio.sleep(TICK_SECONDS)

    def leave_alone(self, peer_id: str, seconds: float = REFUSED_SECONDS) -> None:
        """Do not dial this peer for a while."""
        dialling = self._dialling.setdefault(peer_id, self._fresh())
        dialling.next_at = trio.current_time() + seconds

    async def _announce(self, stack: Stack) -> None:
        while True:
            await trio.sleep(self._settings.announce_every)
            await stack.pubsub.message_all_peers(stack.pubsub.get_hello_packet().SerializeToString())

    def _notice(self, ask: Callable[[str], None]) -> None:
        """Compare the links with those of the last tick."""
        now = trio.current_time()
        for peer_id in [peer_id for peer_id in self._known_links if peer_id not in self._links]:
            self._lost(peer_id, now - self._known_links.pop(peer_id))
        for link in self._links.all():
            if link.peer_id not in self._known_links:
                self._known_links[link.peer_id] = now
                self._log.info("link up", peer=link.peer_id, address=link.address, direction=link.direction)
                ask(link.peer_id)

    def _lost(self, peer_id: str, lived: float) -> None:
        self._log.info("link down", peer=peer_id, seconds=round(lived, 1))
        dialling = self._dialling.setdefault(peer_id, self._fresh())
        if lived >= SHORT_LINK_SECONDS:
            dialling.pause = self._settings.redial_first
        self._postpone(dialling)
        if self._book.was_reached(peer_id) and self._own_id > peer_id:
            dialling.next_at += self._settings.yield_to_lower

    def _postpone(self, dialling: _Dialling) -> None:
        # After an exchange of refusals the pause must not be cut short.
        soonest = trio.current_time() + dialling.pause * self._draw.uniform(0.7, 1.3)
        dialling.next_at = max(dialling.next_at, soonest)
        dialling.pause = min(dialling.pause * 1.7, self._settings.redial_longest)

    def _fresh(self) -> _Dialling:
        return _Dialling(trio.current_time(), self._settings.redial_first)

    def _own_links(self) -> int:
        return sum(link.direction == "out" for link in self._links.all()) + len(self._in_flight)

    def _choose(self, wanted: int) -> list[str]:
        """Whom to dial now: without any link the seeds as well as others, else anybody."""
        room = self._settings.max_links - len(self._links) - len(self._in_flight)
        wanted = min(wanted, room)
        if wanted <= 0:
            return []
        now = trio.current_time()
        ready = [peer_id for peer_id in self._book.peers() if self._may_dial(peer_id, now)]
        self._draw.shuffle(ready)
        if not len(self._links):
            ready.sort(key=lambda peer_id: not self._book.is_seed(peer_id))
        chosen = ready[:wanted]
        self._in_flight.update(chosen)
        return chosen

    def _may_dial(self, peer_id: str, now: float) -> bool:
        if peer_id in self._links or peer_id in self._in_flight or peer_id == self._own_id:
            return False
        if peer_id not in self._dialling and self._book.was_reached(peer_id) and self._own_id > peer_id:
            # It knows us, and dials first.
            self._dialling[peer_id] = _Dialling(now + self._settings.yield_to_lower, self._settings.redial_first)
        dialling = self._dialling.get(peer_id)
        return (dialling is None or now >= dialling.next_at) and self._accepted(peer_id)

    async def _dial(self, stack: Stack, peer_id: str) -> None:
        self._counters.dials += 1
        self._counters.redials += self._book.was_reached(peer_id)
        dialling = self._dialling.setdefault(peer_id, self._fresh())
        reason = "no address known"
        try:
            for address in self._book.addresses(peer_id):
                reason = await self._dial_address(stack, peer_id, address)
                if reason is None:
                    dialling.complained = False
                    return
            self._failed(peer_id, dialling, reason or "")
        finally:
            self._in_flight.discard(peer_id)

    async def _dial_address(self, stack: Stack, peer_id: str, address: str) -> str | None:
        """None, or why the peer was not reached at that address."""
        try:
            with trio.fail_after(self._settings.dial_deadline):
                await stack.swarm.dial_addr(Multiaddr(address), library_id(peer_id))
        except trio.TooSlowError as error:
            return reason_of(error, address)
        except Exception as error:
            # The border of one dial: the library raises whatever the network and the peer make of it.
            return reason_of(error, address)
        self._book.reached(peer_id, address, time.time())
        return None

    def _failed(self, peer_id: str, dialling: _Dialling, reason: str) -> None:
        self._counters.dial_failures += 1
        self._book.failed(peer_id)
        self._postpone(dialling)
        # Once per outage is enough.
        tell = self._log.debug if dialling.complained else self._log.warning
        tell("cannot reach peer", peer=peer_id, reason=reason)
        dialling.complained = True
        if peer_id not in self._book:
            del self._dialling[peer_id]

    async def _cut(self, stack: Stack) -> None:
        """Close the links that should not be."""
        links = self._links.all()
        for link in links:
            if not self._accepted(link.peer_id):
                await self.close(stack, link.peer_id, "no longer accepted")
        for link in self._surplus(links, time.time()):
            await self.close(stack, link.peer_id, "more links than are kept")

    def _surplus(self, links: list[PeerLink], now: float) -> list[PeerLink]:
        by_age = sorted(links, key=lambda link: link.connected_since)
        own = [link for link in by_age if link.direction == "out"]
        # A shuffle made one too many: the oldest has served longest. Both must be in pubsub, or the new one may fail.
        if len(own) > self._settings.dials and all(link.in_pubsub for link in own):
            return own[: len(own) - self._settings.dials]
        grown = [link for link in by_age if now - link.connected_since >= self._settings.guest]
        guests = [link for link in grown if link.direction == "in"]
        excess = len(links) - self._settings.max_links
        return guests[-excess:] if excess > 0 else []

    async def close(self, stack: Stack, peer_id: str, why: str) -> None:
        """Cut a link and leave the peer alone for a while."""
        self._log.info("link cut", peer=peer_id, reason=why)
        self.leave_alone(peer_id)
        await stack.swarm.close_peer(library_id(peer_id))

    def _start_repairs(self, stack: Stack, nursery: trio.Nursery) -> None:
        for link in self._links.all():
            late = time.time() - link.connected_since >= self._settings.repair_after
            if late and not link.in_pubsub and link.peer_id not in self._repairing:
                self._repairing.add(link.peer_id)
                nursery.start_soon(self._repair, stack, link.peer_id)

    async def _repair(self, stack: Stack, peer_id: str) -> None:
        try:
            if await stack.pubsub.ensure_peer_stream(library_id(peer_id), timeout=REPAIR_SECONDS):
                self._counters.repaired += 1
                self._log.info("link repaired", peer=peer_id)
            elif peer_id in self._links:
                self._log.info("link cut", peer=peer_id, reason="connected, but not in pubsub")
                await stack.swarm.close_peer(library_id(peer_id))
        finally:
            self._repairing.discard(peer_id)
