"""What the network is told once, at start: one frozen object, checked here and only passed on afterwards."""

import re
from dataclasses import dataclass, field

from node.addresses import checked, split_peer
from node.network.addresses import host_and_port, is_loopback, multiaddr_of
from node.network.errors import NetworkError, Reason

# More links than this and the library's mesh would prune: a pruned neighbour gets nothing (see host.DEGREE_HIGH).
MOST_LINKS = 32
_PSK = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """Seconds, counts and addresses. Raises NetworkError at once if a value cannot be meant."""

    # The fleet's private network key, 64 hex digits. Never shown.
    psk: str = field(default="", repr=False)
    # Network keys before it that are accepted too, the newest first.
    older: tuple[str, ...] = field(default=(), repr=False)
    # Without a network key, so that libraries whose private networks differ can be tested with. Loopback only.
    open: bool = False
    # Where to listen: multiaddrs or host:port. Port 0 takes a free one and keeps it over a rebuild.
    listen: tuple[str, ...] = ("/ip4/0.0.0.0/tcp/4001",)
    # What to tell others instead of the listening addresses (multiaddrs or host:port); for machines behind NAT.
    announce: tuple[str, ...] = ()
    # Where to begin: multiaddrs with /p2p/<peer id>. Any one of them that answers is enough.
    seeds: tuple[str, ...] = ()
    # Links that this node opens itself; with those opened by others a node has about twice as many.
    dials: int = 3
    # Links that are kept. As many again may visit for `guest` seconds to learn of other nodes.
    max_links: int = 16
    # What tells fleets apart on the local network, for as long as they live. Empty: made of the network key.
    realm: str = ""
    # Look for nodes of the same fleet on the local network (multicast).
    mdns: bool = False
    # The pubsub topic of the fleet.
    topic: str = "error-aggregator/1"
    # Received messages that wait for their reader; more are dropped and counted.
    message_buffer: int = 1024
    # How long `publish` waits for slow neighbours before it sends anyway.
    publish_deadline: float = 2.0
    # How long one dial may take, handshake included.
    dial_deadline: float = 5.0
    # The pause between dials of one peer grows from the first to the longest.
    redial_first: float = 0.5
    redial_longest: float = 10.0
    # The higher peer id waits this long before it dials a peer that knows it too, so that only one of them dials.
    yield_to_lower: float = 1.0
    # How long a link that exceeds `max_links` is kept, so that it can ask for other addresses.
    guest: float = 3.0
    # How often addresses are asked for, subscriptions repeated and one link exchanged for another.
    exchange_every: float = 30.0
    announce_every: float = 3.0
    shuffle_every: float = 120.0
    # After this long without pubsub a connected peer is repaired.
    repair_after: float = 4.0
    # Two nodes that dial each other at once have two connections. After this long the lower peer id closes one: longer
    # than it takes to notice that one of them is dead.
    second_for: float = 10.0
    # How often a connection is tested, and how long its answer may take. The event loop must never stall that long.
    ping_every: float = 5.0
    ping_deadline: float = 4.0

    def __post_init__(self) -> None:
        if not all(map(_PSK.fullmatch, (self.psk, *self.older))) and not self.open:
            raise _bad("psk", "64 hex digits in lower case (32 bytes)")
        if not self.listen:
            raise _bad("listen", "at least one address")
        # The object is frozen for its users; here it is still being made.
        object.__setattr__(self, "listen", _plain("listen", self.listen, port_zero=True))
        object.__setattr__(self, "announce", _plain("announce", self.announce))
        for seed in self.seeds:
            if split_peer(seed) is None:
                raise _bad("seeds", "/ip4/10.0.0.1/tcp/4001/p2p/<peer id>", seed)
        if not 0 <= self.dials <= self.max_links <= MOST_LINKS:
            raise _bad(
                "dials, max_links", f"0 <= dials <= max_links <= {MOST_LINKS}", f"{self.dials}, {self.max_links}"
            )
        if self.message_buffer < 1:
            raise _bad("message_buffer", "at least 1", str(self.message_buffer))
        if self.open:
            self._check_open()

    def _check_open(self) -> None:
        """An open network keeps nobody out: it must not leave this machine."""
        if self.psk or self.older or self.mdns:
            raise _bad("open", "no psk, older or mdns beside it")
        seeds = [address for seed in self.seeds if (split := split_peer(seed)) for address in split[:1]]
        for address in (*self.listen, *self.announce, *seeds):
            if not is_loopback(host_and_port(address)[0]):
                raise _bad("open", "loopback addresses only: without a network key anybody may connect", address)


def _plain(name: str, texts: tuple[str, ...], *, port_zero: bool = False) -> tuple[str, ...]:
    addresses = tuple(multiaddr_of(text) for text in texts)
    for text, address in zip(texts, addresses, strict=True):
        if checked(address, port_zero=port_zero) is None:
            raise _bad(name, "/ip4/10.0.0.1/tcp/4001 or 10.0.0.1:4001", text)
    return addresses


def _bad(name: str, expected: str, got: str = "") -> NetworkError:
    return NetworkError(Reason.BAD_SETTING, f"network.{name}: expected {expected}" + (f", got {got!r}" if got else ""))
