"""One libp2p stack: host, pubsub and router, built in the one order that has no gap.

    build ─▶ work-arounds ─▶ run without listening ─▶ services ─▶ subscribe ─▶ listen ─▶ (the overlay dials)

A peer that reaches a listener before the pubsub service runs would end the host, so the listener comes last.
Noise is the only security offered: the library would by default also accept plain text.
"""

import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, cast

import trio
from libp2p import new_host
from libp2p.crypto.x25519 import create_new_key_pair
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.pubsub.gossipsub import GossipSub
from libp2p.pubsub.pb import rpc_pb2
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE
from libp2p.security.noise.transport import Transport as Noise
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX
from libp2p.stream_muxer.yamux.yamux import Yamux
from libp2p.tools.anyio_service import background_trio_service
from multiaddr import Multiaddr

from node.network import workarounds
from node.network.addresses import host_and_port
from node.network.errors import NetworkError, Reason
from node.network.identity import Identity, library_id
from node.network.keyring import KeyRing
from node.network.links import CONNECTIONS_PER_PEER
from node.network.settings import MOST_LINKS, NetworkSettings
from node.network.sockets import KnownTcp, known_tcp

DEGREE_HIGH = 2 * MOST_LINKS  # no neighbour is ever pruned: a pruned one gets neither messages nor hints
CLOSE_SECONDS = 2.0
REMEMBER_SECONDS = 120  # how long a message's id is known as seen


class Sink(workarounds.Sink, Protocol):
    """What a stack reports to and asks."""

    def valid(self, origin: str, data: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack. It is only ever replaced as a whole."""

    host: BasicHost
    swarm: Swarm
    pubsub: workarounds.GuardedPubsub

    def longest_queue(self) -> int:
        return max((len(queue) for queue in self.pubsub.peer_queues.values()), default=0)

    def in_pubsub(self) -> set[str]:
        return {str(peer_id) for peer_id in self.pubsub.peers}

    def listening(self) -> list[str]:
        return [str(address) for address in self.host.get_transport_addrs()]

    def connected(self) -> set[str]:
        return {str(peer_id) for peer_id in self.swarm.get_connections_map()}

    async def disconnect(self, peer_id: str) -> None:
        """Close the peer's connections of now.

        The library's own way forgets, without closing it, a connection that comes while it closes the others.
        """
        async with trio.open_nursery() as nursery:
            for connection in self.swarm.get_connections(library_id(peer_id)):
                nursery.start_soon(connection.close)

    async def keep_one(self, peer_id: str, *, newest: bool) -> None:
        """Close all connections of the peer but one: the newest, or that with pubsub's stream, so no message waits."""
        connections = self.swarm.get_connections(library_id(peer_id))
        stream = self.pubsub.peers.get(library_id(peer_id))
        used = [each for each in connections if stream is not None and each.muxed_conn is stream.muxed_conn]
        kept = connections[-1:] if newest else [*used, *connections][:1]
        async with trio.open_nursery() as nursery:
            for connection in connections:
                if connection not in kept:
                    nursery.start_soon(connection.close)

    def alive(self) -> bool:
        """A service can end without an exception that anybody sees."""
        return self.swarm.get_manager().is_running and self.pubsub.get_manager().is_running


@asynccontextmanager
async def open_stack(
    settings: NetworkSettings,
    identity: Identity,
    sink: Sink,
    listen: Sequence[str],
    without: frozenset[str] = frozenset(),
) -> AsyncGenerator[Stack, None]:
    """Run a stack that listens on all of `listen`. Raises NetworkError if it cannot."""
    host = build_host(settings, identity)
    swarm = swarm_of(host)
    router = _router()
    pubsub = _pubsub(host, router, sink)
    workarounds.apply(workarounds.Parts(host, swarm, pubsub, sink), without)
    async with running(host), background_trio_service(pubsub), background_trio_service(router):
        await pubsub.wait_until_ready()
        _set_validator(pubsub, settings.topic, sink)
        await pubsub.subscribe(settings.topic)
        try:
            for address in listen:
                await _listen(swarm, address)
            yield Stack(host, swarm, pubsub)
        finally:
            # Before the services end: the goodbye to the peers needs them.
            await _close_connections(swarm)


@asynccontextmanager
async def running(host: BasicHost) -> AsyncGenerator[None, None]:
    """Run a host that listens nowhere, and leave no socket of it open."""
    swarm = swarm_of(host)
    try:
        async with host.run(listen_addrs=[]):
            try:
                yield
            finally:
                await _close_connections(swarm)
    finally:
        for transport in known_tcp(swarm):
            transport.close_now()


async def _close_connections(swarm: Swarm) -> None:
    """Close connections and listeners; the library, when it is cancelled, leaves them open."""
    with trio.move_on_after(CLOSE_SECONDS, shield=True):
        async with trio.open_nursery() as nursery:
            for closing in (*swarm.get_connections(), *swarm.listeners.values()):
                nursery.start_soon(closing.close)


def build_host(settings: NetworkSettings, identity: Identity) -> BasicHost:
    """A host that does nothing yet."""
    noise = Noise(identity.keys, noise_privkey=create_new_key_pair().private_key)
    host = cast(
        "BasicHost",
        new_host(
            key_pair=identity.keys,
            muxer_opt={TProtocol(YAMUX): Yamux},
            sec_opt={NOISE: noise},
            psk=KeyRing(settings.psk, settings.older) if settings.psk else None,
            connection_config=_connection_config(settings),
            transports=[KnownTcp()],
            disable_identify_address_discovery=True,
        ),
    )
    swarm_of(host).retry_config = RetryConfig(max_retries=0)  # when to dial again is the overlay's decision
    return host


def swarm_of(host: BasicHost) -> Swarm:
    """The part of a host that owns its connections."""
    return cast("Swarm", host.get_network())


def _connection_config(settings: NetworkSettings) -> ConnectionConfig:
    most = 2 * settings.max_links * CONNECTIONS_PER_PEER
    return ConnectionConfig(
        max_connections=most,
        high_watermark=most,
        low_watermark=0,
        min_connections=0,
        max_connections_per_peer=CONNECTIONS_PER_PEER,
        dial_timeout=3,
        inbound_upgrade_timeout=3,
        outbound_upgrade_timeout=3,
        inbound_stream_protocol_negotiation_timeout=5,
        outbound_stream_protocol_negotiation_timeout=5,
        # The only thing that notices a peer which is frozen or whose machine is gone.
        enable_health_monitoring=True,
        health_initial_delay=settings.ping_every,
        health_warmup_window=2,
        health_check_interval=settings.ping_every,
        ping_timeout=settings.ping_deadline,
        abort_connection_on_ping_failure=True,
        # It would also replace slow connections by new ones, at addresses that are not ours to choose: never.
        min_health_threshold=0.0,
        min_ping_success_rate=0.0,
        max_ping_latency=float("inf"),
        max_failed_streams=2**31,
    )


def _router() -> GossipSub:
    return GossipSub(
        protocols=[TProtocol("/meshsub/1.1.0")],  # 1.2 costs more than it saves
        degree=6,
        degree_low=4,
        degree_high=DEGREE_HIGH,
        heartbeat_interval=1,  # seconds; the library's default is two minutes
        gossip_window=3,
        gossip_history=5,
        do_px=False,
        adaptive_gossip_enabled=False,
        spam_protection_enabled=False,  # it counts our own messages and drops all above ten a second
        eclipse_protection_enabled=False,
        prune_back_off=5,
        unsubscribe_back_off=1,
    )


def _pubsub(host: BasicHost, router: GossipSub, sink: Sink) -> workarounds.GuardedPubsub:
    pubsub = workarounds.GuardedPubsub(
        host,
        router,
        strict_signing=True,
        seen_ttl=REMEMBER_SECONDS,
        validation_cache_size=64,  # it is searched from end to end for every message
    )
    pubsub.sink = sink
    return pubsub


def _set_validator(pubsub: workarounds.GuardedPubsub, topic: str, sink: Sink) -> None:
    own = pubsub.my_id

    def valid(_forwarder: ID, message: rpc_pb2.Message) -> bool:
        origin = ID(message.from_id)
        return origin == own or sink.valid(str(origin), message.data)

    pubsub.set_topic_validator(topic, valid, is_async_validator=False)


async def _listen(swarm: Swarm, address: str) -> None:
    _refuse_taken_port(address)
    if not await swarm.listen(Multiaddr(address)):
        raise NetworkError(Reason.CANNOT_LISTEN, f"on {address}; is the address one of this machine's?")
    await trio.lowlevel.checkpoint()


def _refuse_taken_port(address: str) -> None:
    """The library shares its port with any other process that does the same: look before, or both get half."""
    host, port = host_and_port(address)
    if port == 0:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            hint = "choose another port under network.listen, or stop what uses it"
            raise NetworkError(Reason.CANNOT_LISTEN, f"on {address}: {error.strerror}; {hint}") from error
