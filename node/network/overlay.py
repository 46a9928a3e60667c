"""Which peers to be linked with: the overlay is ours, the library only carries it out.

Every tick the node looks at its links and its address book, and
  dials     so that it has `dials` links of its own making; a random choice keeps the fleet in one piece
  cuts      who is no longer accepted, and guests beyond `max_links`, the newest first
  thins     peers with several connections: one is enough, and each of the others costs either side a dozen tasks.
            Who has a second one again and again is two machines with one key: they are served in turn, so that what
            each of them counts gets out, and each hears of the other
  repairs   peers that are connected but silent in pubsub: a new stream, else a new connection
  asks      new neighbours for addresses
  shuffles  one link for another every two minutes, so that two halves that grew apart find each other
Beside that it repeats its subscriptions every few seconds: they are sent only once per stream, and whoever missed that
would send nothing for ever, while both sides look connected.
"""

import random
from collections.abc import Callable

import trio

from node.network.counters import Counters
from node.network.dialler import Dialler
from node.network.errors import NetworkError, Reason
from node.network.host import CLOSE_SECONDS, Stack
from node.network.identity import library_id
from node.network.links import Links, PeerLink
from node.network.logs import Log
from node.network.settings import NetworkSettings

TICK_SECONDS = 0.25
LEFT_ALONE_SECONDS = 60.0  # a peer that is full, or that was cut
REPAIR_SECONDS = 8.0
AGAIN_SECONDS = 60.0  # two nodes that dialled each other at once do not do so twice so soon
OTHER_SIDE = 3  # times as long the higher peer id waits for the lower to close: it may see one connection only


class Overlay:
    """Runs for as long as one stack; made anew for the next."""

    def __init__(
        self,
        stack: Stack,
        settings: NetworkSettings,
        dialler: Dialler,
        links: Links,
        counters: Counters,
        accepted: Callable[[str], bool],
        log: Log,
    ) -> None:
        self._stack = stack
        self._settings = settings
        self._dialler = dialler
        self._links = links
        self._counters = counters
        self._accepted = accepted
        self._log = log
        self._since: dict[str, float] = {}  # when each link was first seen, on a clock that nobody sets
        self._second: dict[str, float] = {}  # when a peer was first seen to have several connections
        self._thinned: dict[str, float] = {}  # when one of them was closed last
        self._repairing: set[str] = set()
        self._draw = random.Random()  # noqa: S311 - a choice of neighbours is no secret

    async def run(self, ask: Callable[[str], None]) -> None:
        """Until cancelled. `ask` starts a peer exchange and returns at once. Raises NetworkError if the stack died."""
        shuffle_at = self._next_shuffle()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._announce)
            while True:
                if not self._stack.alive():
                    raise NetworkError(Reason.BROKEN, "a libp2p service ended")
                self._links.compare(self._stack.connected(), self._stack.in_pubsub())
                self._notice(ask)
                await self._cut()
                self._thin(nursery)
                self._repair_late(nursery)
                wanted = self._settings.dials - self._own_links()
                if trio.current_time() >= shuffle_at:
                    shuffle_at, wanted = self._next_shuffle(), max(wanted, 1)
                for peer_id in [*self._dialler.choose_wanted(), *self._dialler.choose(wanted)]:
                    nursery.start_soon(self._dialler.dial, self._stack, peer_id)
                await trio.sleep(TICK_SECONDS)

    async def close(self, peer_id: str, why: str) -> None:
        """Cut a link and leave the peer alone for a while."""
        self._log.info("link cut", peer=peer_id, reason=why)
        self._dialler.leave_alone(peer_id, LEFT_ALONE_SECONDS)
        await self._close(peer_id)

    async def _close(self, peer_id: str) -> None:
        with trio.move_on_after(2 * CLOSE_SECONDS):
            await self._stack.disconnect(peer_id)

    def _next_shuffle(self) -> float:
        return trio.current_time() + self._settings.shuffle_every * self._draw.uniform(0.5, 1.5)

    async def _announce(self) -> None:
        pubsub = self._stack.pubsub
        while True:
            await trio.sleep(self._settings.announce_every)
            await pubsub.message_all_peers(pubsub.get_hello_packet().SerializeToString())

    def _notice(self, ask: Callable[[str], None]) -> None:
        """Compare the links with those of the last tick."""
        now = trio.current_time()
        for peer_id in [peer_id for peer_id in self._since if peer_id not in self._links]:
            lived = now - self._since.pop(peer_id)
            self._log.info("link down", peer=peer_id, seconds=round(lived, 1))
            self._dialler.lost(peer_id, lived)
        for link in self._links.all():
            if link.peer_id not in self._since:
                self._since[link.peer_id] = now
                self._log.info("link up", peer=link.peer_id, address=link.address, direction=link.direction)
                ask(link.peer_id)

    def _own_links(self) -> int:
        wanted = self._dialler.wanted
        own = [link for link in self._links.all() if link.direction == "out" and link.peer_id not in wanted]
        return len(own) + len(self._dialler.in_flight - wanted)

    async def _cut(self) -> None:
        links = [link for link in self._links.all() if link.peer_id in self._since]
        unwanted = [link for link in links if not self._accepted(link.peer_id)]
        for link in unwanted:
            await self.close(link.peer_id, "no longer accepted")
        for link in self._surplus([link for link in links if link not in unwanted]):
            await self.close(link.peer_id, "more links than are kept")

    def _surplus(self, links: list[PeerLink]) -> list[PeerLink]:
        """A shuffle made one link too many: the oldest has served. Too many guests: the newest go."""
        by_age = sorted(links, key=lambda link: self._since[link.peer_id])
        own = [link for link in by_age if link.direction == "out" and link.peer_id not in self._dialler.wanted]
        if len(own) > self._settings.dials and all(link.in_pubsub for link in own):
            return own[: len(own) - self._settings.dials]
        guests = [link for link in by_age if link.direction == "in" and self._age(link) >= self._settings.guest]
        excess = len(links) - self._settings.max_links
        return guests[-excess:] if excess > 0 else []

    def _age(self, link: PeerLink) -> float:
        return trio.current_time() - self._since.get(link.peer_id, trio.current_time())

    def _thin(self, nursery: trio.Nursery) -> None:
        """The lower peer id closes first: if both did at once, each might close the one that the other keeps."""
        now = trio.current_time()
        several = [link.peer_id for link in self._links.all() if self._links.connections(link.peer_id) > 1]
        self._second = {peer_id: self._second.get(peer_id, now) for peer_id in several}
        self._thinned = {peer_id: at for peer_id, at in self._thinned.items() if now - at < AGAIN_SECONDS}
        for peer_id, since in self._second.items():
            patience = self._settings.second_for * (1 if str(self._stack.pubsub.my_id) < peer_id else OTHER_SIDE)
            if now - since >= patience:
                again = peer_id in self._thinned
                self._second[peer_id] = self._thinned[peer_id] = now
                self._log.info("second connection closed", peer=peer_id, again=again)
                nursery.start_soon(self._close_second, peer_id, again)

    async def _close_second(self, peer_id: str, again: bool) -> None:
        with trio.move_on_after(2 * CLOSE_SECONDS):
            await self._stack.keep_one(peer_id, newest=again)

    def _repair_late(self, nursery: trio.Nursery) -> None:
        for link in self._links.all():
            late = not link.in_pubsub and self._age(link) >= self._settings.repair_after
            if late and link.peer_id not in self._repairing:
                self._repairing.add(link.peer_id)
                nursery.start_soon(self._repair, link.peer_id)

    async def _repair(self, peer_id: str) -> None:
        try:
            if await self._stack.pubsub.ensure_peer_stream(library_id(peer_id), timeout=REPAIR_SECONDS):
                self._counters.repaired += 1
                self._log.info("link repaired", peer=peer_id)
            elif peer_id in self._links:
                self._log.info("link cut", peer=peer_id, reason="connected, but not in pubsub")
                await self._close(peer_id)
                self._since.pop(peer_id, None)  # who is back before the next look is new, and gets as much time again
        finally:
            self._repairing.discard(peer_id)
