"""Nodes of the same fleet on the local network, found by multicast (off by default).

The service name contains a hash of what tells fleets apart (which may be a key, so it is not shown), and they do not
see each other. The library's discovery blocks while it registers and its listener calls from a thread of its own; so
it is started and stopped in a worker thread, and what it finds goes through a bounded queue.
"""

import hashlib
import secrets
from collections import deque
from collections.abc import Sequence
from typing import cast

import trio
from libp2p.abc import IPeerStore
from libp2p.discovery.mdns import PeerBroadcaster, PeerListener
from libp2p.peer.id import ID
from multiaddr import Multiaddr
from zeroconf import Zeroconf

from node.network.addressbook import AddressBook
from node.network.host import Stack
from node.network.logs import Log

LOOK_SECONDS = 1.0
MOST_FOUND = 100  # per look; the rest is found again
TTL_SECONDS = 120


class _Found:
    """Stands where the library wants a peer store; called from the listener's thread."""

    def __init__(self) -> None:
        self.peers: deque[tuple[str, list[str]]] = deque(maxlen=MOST_FOUND)

    def add_addrs(self, peer_id: ID, addrs: Sequence[Multiaddr], ttl: int = 0) -> None:
        self.peers.append((str(peer_id), [str(address) for address in addrs]))

    def clear_addrs(self, peer_id: ID) -> None: ...


class _Discovery:
    def __init__(self, stack: Stack, service: str, found: _Found) -> None:
        name = f"{secrets.token_hex(16)}.{service}"
        self._zeroconf = Zeroconf()
        peer_id = str(stack.host.get_id())
        self._voice = PeerBroadcaster(self._zeroconf, service, name, peer_id, 0, host=stack.host)
        self._ear = PeerListener(cast("IPeerStore", found), self._zeroconf, service, name, TTL_SECONDS)
        self._voice.register()

    def stop(self) -> None:
        self._voice.unregister()
        self._ear.stop()
        self._zeroconf.close()


def service_name(realm: str) -> str:
    """The multicast service of one fleet."""
    return f"_p2p-{hashlib.sha256(b'mdns ' + realm.encode()).hexdigest()[:8]}._udp.local."


async def look_around(stack: Stack, realm: str, book: AddressBook, log: Log) -> None:
    """Announce this node and put what is found into the address book, until cancelled."""
    found = _Found()
    try:
        discovery = await trio.to_thread.run_sync(_Discovery, stack, service_name(realm), found)
    except OSError as error:
        log.warning("no multicast discovery", reason=str(error), remedy="set network.mdns = false")
        return
    try:
        while True:
            while found.peers:
                book.learn(*found.peers.popleft())
            await trio.sleep(LOOK_SECONDS)
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(discovery.stop)
