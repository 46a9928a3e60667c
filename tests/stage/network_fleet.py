"""Nodes called alice, bob and carol: real libp2p on loopback, in one process, with the pauses of a test."""

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from libp2p.abc import INetConn
from libp2p.host.basic_host import BasicHost
from libp2p.network.swarm import Swarm
from multiaddr import Multiaddr

from node.network import Network, NetworkSettings, identity_of
from node.network.host import build_host, running, swarm_of
from node.network.identity import library_id

PSK = "5e" * 32
OTHER_PSK = "0f" * 32
PATIENCE = 100.0  # seconds for what has no deadline of its own, so that a broken test ends


class TestLog:
    """Remembers what was logged."""

    __test__ = False

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def debug(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))

    info = warning = debug

    def said(self, event: str) -> bool:
        return any(line[0] == event for line in self.lines)


def key_of(name: str) -> bytes:
    """The secret of a node of that name."""
    return hashlib.sha256(name.encode()).digest()


def id_of(name: str) -> str:
    return identity_of(key_of(name)).peer_id


def address_of(network: Network) -> str:
    """Where a node listens, without its peer id."""
    return network.addresses[0].partition("/p2p/")[0]


class Fleet:
    """Starts and stops nodes; each has its own scope, so one can end while the others live."""

    def __init__(self, nursery: trio.Nursery, directory: Path) -> None:
        self.log = TestLog()
        self.directory = directory
        self.nursery = nursery
        self._scopes: dict[str, tuple[trio.CancelScope, trio.Event]] = {}

    def make(self, name: str, *, without: frozenset[str] = frozenset(), **options: object) -> Network:
        """A node that does not run yet."""
        chosen: dict[str, object] = {
            "psk": PSK,
            "listen": ("127.0.0.1:0",),
            "redial_first": 0.1,
            "redial_longest": 1.0,
            "yield_to_lower": 0.2,
            "announce_every": 0.5,
            "repair_after": 1.0,
            "exchange_every": 1.0,
            "guest": 1.0,
            # All nodes of a test share one event loop, which a busy machine may stall for longer than a ping may take.
            "ping_every": 1000.0,
            **options,
        }
        settings = NetworkSettings(**chosen)  # pyright: ignore[reportArgumentType] - each option is checked by its test
        return Network(settings, key_of(name), self.directory / f"{name}.json", self.log, without=without)

    async def run(self, network: Network) -> Network:
        scope, ended = trio.CancelScope(), trio.Event()

        async def run(task_status: trio.TaskStatus[None]) -> None:
            try:
                with scope:
                    await network.run(task_status=task_status)
            finally:
                ended.set()

        self._scopes[network.peer_id] = scope, ended
        await self.nursery.start(run)
        return network

    async def start(self, name: str, *, without: frozenset[str] = frozenset(), **options: object) -> Network:
        return await self.run(self.make(name, without=without, **options))

    async def stop(self, network: Network) -> None:
        scope, ended = self._scopes.pop(network.peer_id)
        scope.cancel()
        await ended.wait()

    async def pair(self, *, without: frozenset[str] = frozenset(), **options: object) -> tuple[Network, Network]:
        """Alice, and bob who knows her; linked both ways."""
        alice = await self.start("alice", without=without, **options)
        bob = await self.start("bob", without=without, seeds=tuple(alice.addresses), **options)
        await linked(alice, bob)
        return alice, bob


@asynccontextmanager
async def fleet_in(directory: Path, patience: float = 3 * PATIENCE) -> AsyncGenerator[Fleet, None]:
    """A fleet for the length of a test; whatever hangs ends after `patience` seconds."""
    with trio.fail_after(patience):
        async with trio.open_nursery() as nursery:
            yield Fleet(nursery, directory)
            nursery.cancel_scope.cancel()


async def until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for what no event tells."""
    with trio.fail_after(patience):
        while not true():  # noqa: ASYNC110
            await trio.sleep(0.02)


def hears(network: Network, other: Network) -> bool:
    """Whether `network` has `other` in pubsub and knows that it is subscribed."""
    stack = network.stack
    if stack is None:
        return False
    return any(library_id(other.peer_id) in peers for peers in stack.pubsub.peer_topics.values()) and any(
        link.peer_id == other.peer_id and link.in_pubsub for link in network.peers()
    )


async def linked(one: Network, other: Network) -> None:
    await until(lambda: hears(one, other) and hears(other, one))


async def collect(network: Network, count: int, patience: float = PATIENCE) -> list[bytes]:
    """The next `count` messages, or as many as came in time."""
    taken: list[bytes] = []
    with trio.move_on_after(patience):
        while len(taken) < count:
            _, data = await network.messages.receive()
            taken.append(data)
    return taken


async def reaches(sender: Network, receiver: Network, patience: float = PATIENCE) -> None:
    """Wait until something that `sender` publishes arrives at `receiver`."""
    with trio.fail_after(patience):
        number = 0
        while True:
            number += 1
            await sender.publish(f"probe {sender.peer_id} {number}".encode())
            with trio.move_on_after(0.3):
                while True:
                    origin, _ = await receiver.messages.receive()
                    if origin == sender.peer_id:
                        return


class Stranger:
    """A libp2p host without any protection of ours, to misbehave with."""

    def __init__(self, name: str, psk: str | None = PSK) -> None:
        self.peer_id = id_of(name)
        self.host: BasicHost = build_host(NetworkSettings(psk=PSK), identity_of(key_of(name)))
        self.swarm: Swarm = swarm_of(self.host)
        self.swarm.psk = psk
        self.swarm.set_resource_manager(None)

    async def connect(self, network: Network) -> INetConn:
        return await self.swarm.dial_addr(Multiaddr(address_of(network)), library_id(network.peer_id))


@asynccontextmanager
async def stranger(name: str = "mallory", psk: str | None = PSK) -> AsyncGenerator[Stranger, None]:
    one = Stranger(name, psk)
    async with running(one.host):
        yield one
