"""Dials peers and remembers when to try them again.

The pause after a failure grows from half a second to ten, with jitter; a link that ended soon after it began counts
as a failure. The higher of two peer ids waits a moment before it dials a peer that knows it too: two connections
between the same two nodes are allowed, but when one of them closes a side may forget what the other is subscribed to.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import trio
from multiaddr import Multiaddr

from node.network.addressbook import AddressBook
from node.network.counters import Counters
from node.network.host import Stack
from node.network.identity import library_id
from node.network.keyring import KeyRing, dialling_with
from node.network.links import Links
from node.network.logs import Log
from node.network.probe import reason_of
from node.network.settings import NetworkSettings

SHORT_LINK_SECONDS = 10.0
GROWTH = 1.7
TOLD = 4  # reasons of one outage that are worth a warning: the first may be a time-out, the next the wrong key


@dataclass(slots=True)
class _Next:
    """When a peer may be dialled, how long to wait after the next failure, and how the last dials went."""

    at: float
    pause: float
    failures: int = 0  # since the last success
    told: set[str] = field(default_factory=set[str])  # the reasons since then, TOLD at most


class Dialler:
    """Outlives the stack. Remembers only peers that the address book knows, so it is bounded by that."""

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
        self._next: dict[str, _Next] = {}
        self.in_flight: set[str] = set()
        self.wanted: frozenset[str] = frozenset()  # peers to be linked with, beside those that are chosen
        self._draw = random.Random()  # noqa: S311 - a choice of neighbours is no secret

    def choose(self, wanted: int) -> list[str]:
        """Whom to dial now, at most `wanted`: a random choice, but without any link a seed if there is one."""
        wanted = min(wanted, self._settings.max_links - len(self._links) - len(self.in_flight))
        if wanted <= 0:
            return []
        now = trio.current_time()
        ready = [peer_id for peer_id in self._book.peers() if self._may_dial(peer_id, now)]
        self._draw.shuffle(ready)
        if not len(self._links):
            ready.sort(key=lambda peer_id: not self._book.is_seed(peer_id))
        self.in_flight.update(ready[:wanted])
        return ready[:wanted]

    def choose_wanted(self) -> list[str]:
        """Those of the wanted peers that may be dialled now."""
        room = self._settings.max_links - len(self._links) - len(self.in_flight)
        now = trio.current_time()
        ready = [peer_id for peer_id in sorted(self.wanted) if peer_id in self._book and self._may_dial(peer_id, now)]
        self.in_flight.update(ready[: max(room, 0)])
        return ready[: max(room, 0)]

    async def dial(self, stack: Stack, peer_id: str) -> None:
        """Try the peer's addresses one after the other. Each reason is logged once per outage."""
        self._counters.dials += 1
        self._counters.redials += self._book.was_reached(peer_id)
        reason = "no address known"
        try:
            for address in self._book.addresses(peer_id):
                failure = await self._dial_address(stack, peer_id, address)
                if failure is None:
                    then = self._of(peer_id)
                    then.failures = 0
                    then.told.clear()
                    return
                reason = failure
            self._failed(peer_id, reason)
        finally:
            self.in_flight.discard(peer_id)

    def leave_alone(self, peer_id: str, seconds: float) -> None:
        """Do not dial this peer for a while."""
        if peer_id in self._book:
            self._of(peer_id).at = trio.current_time() + seconds

    def lost(self, peer_id: str, lived: float) -> None:
        """A link ended after `lived` seconds."""
        if peer_id not in self._book:
            return
        then = self._of(peer_id)
        if lived >= SHORT_LINK_SECONDS:
            then.pause = self._settings.redial_first
        self._postpone(then)
        if self._yields_to(peer_id):
            then.at += self._settings.yield_to_lower

    def _of(self, peer_id: str) -> _Next:
        return self._next.setdefault(peer_id, _Next(trio.current_time(), self._settings.redial_first))

    def _yields_to(self, peer_id: str) -> bool:
        """Whether the peer has reason to dial this node, and the lower id."""
        return self._own_id > peer_id and self._book.was_reached(peer_id)

    def _may_dial(self, peer_id: str, now: float) -> bool:
        if peer_id in self._links or peer_id in self.in_flight:
            return False
        if peer_id not in self._next and self._yields_to(peer_id):
            self._of(peer_id).at = now + self._settings.yield_to_lower
        then = self._next.get(peer_id)
        return (then is None or now >= then.at) and self._accepted(peer_id)

    def _postpone(self, then: _Next) -> None:
        soonest = trio.current_time() + then.pause * self._draw.uniform(0.7, 1.3)
        then.at = max(then.at, soonest)  # who is to be left alone stays so
        then.pause = min(then.pause * GROWTH, self._settings.redial_longest)

    async def _dial_address(self, stack: Stack, peer_id: str, address: str) -> str | None:
        """None, or why the peer was not reached at that address."""
        try:
            with trio.fail_after(self._settings.dial_deadline), dialling_with(self._key(stack, peer_id)):
                await stack.swarm.dial_addr(Multiaddr(address), library_id(peer_id))
        except Exception as error:
            # The border of one dial: the library raises whatever the network and the peer make of it.
            return reason_of(error, address)
        self._book.reached(peer_id, address, time.time())
        return None

    def _key(self, stack: Stack, peer_id: str) -> str:
        """The network keys in turn: the peer may have been away when the newest was handed out."""
        ring = stack.swarm.psk
        return ring.in_turn(self._of(peer_id).failures) if isinstance(ring, KeyRing) else ""

    def _failed(self, peer_id: str, reason: str) -> None:
        self._counters.dial_failures += 1
        self._book.failed(peer_id)
        then = self._of(peer_id)
        self._postpone(then)
        then.failures += 1
        tell = self._log.debug if reason in then.told or len(then.told) >= TOLD else self._log.warning
        tell("cannot reach peer", peer=peer_id, reason=reason)
        if len(then.told) < TOLD:
            then.told.add(reason)
        if peer_id not in self._book:
            del self._next[peer_id]
