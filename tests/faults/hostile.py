"""A member that means ill: mallory, let in as any other, floods the fleet or talks nonsense."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import msgspec
import trio

from aggregator.message import Presence, encode
from aggregator.questions import Compare
from node import fleet as fleet_file
from node import identity, peers, samples, sync
from node.network import NetworkError
from tests.faults.scene import TAKEOVER_AGE, Scene
from tests.fleet.fleet import until
from tests.fleet.founding import WINDOW
from tests.stage.meshes import Founders, MeshNode, node

QUESTIONS = 8  # at a time of each node
PIECE = 15_000  # bytes
DEADLINE = 2.0  # seconds that mallory waits for an answer


@asynccontextmanager
async def mallory(scene: Scene) -> AsyncGenerator[MeshNode]:
    """In the fleet, with links to all."""
    state = scene.founded.directory / scene.names[0] / "state"
    file = fleet_file.read(state / fleet_file.NAME)
    assert file is not None
    key = identity.load(state / fleet_file.KEY_NAME).private_bytes()
    founders = Founders(length=WINDOW, seed=key)
    seeds = [f"{scene.founded.address(name)}/p2p/{scene.founded.peers[name]}" for name in scene.names]
    directory = scene.directory / f"mallory-{scene.draw.randrange(10**9)}"
    async with node(founders, directory, *seeds, psk=file.network_keys[0].psk) as made:
        await until(lambda: linked(made, len(scene.names)), DEADLINE * 30)
        yield made


async def linked(made: MeshNode, nodes: int) -> bool:
    return len(made.mesh.network.peers()) >= nodes


Say = Callable[[], bytes]


async def flood(scene: Scene) -> None:
    """It publishes and asks what is in order, as fast as it can; the filer is killed meanwhile."""

    def true() -> bytes:
        return encode(Presence(run="m" * 16, at=scene.draw.uniform(1e9, 2e9), version="9" * scene.draw.randrange(9000)))

    def question() -> bytes:
        sums = [scene.draw.randbytes(32) for _ in range(3)]
        return msgspec.msgpack.encode(Compare(0, 2**40, *sums))

    await _ill_will(scene, true, {sync.PROTOCOL: question})


async def garbage(scene: Scene) -> None:
    """It publishes and asks what makes no sense: noise, and what is in order up to a point."""

    def noise() -> bytes:
        data = scene.draw.randbytes(scene.draw.randrange(1, PIECE))
        return scene.draw.choice([data, b"\x01" + data, b"\x01\x82" + data, b"\x01" + b"\x91" * PIECE])

    await _ill_will(scene, noise, {each.PROTOCOL: noise for each in (sync, peers, samples)})


async def _ill_will(scene: Scene, said: Say, asked: dict[str, Say]) -> None:
    async with mallory(scene) as made, trio.open_nursery() as nursery:
        nursery.start_soon(_repeat, lambda: made.mesh.network.publish(said()))
        for name in scene.names:
            for protocol, say in asked.items():
                for _ in range(QUESTIONS):
                    nursery.start_soon(_repeat, _asker(made, scene.founded.peers[name], protocol, say))
        await scene.while_(2.0, TAKEOVER_AGE)
        (await scene.filer()).kill()
        await scene.filed()
        nursery.cancel_scope.cancel()


def _asker(made: MeshNode, peer: str, protocol: str, say: Say) -> Callable[[], Awaitable[object]]:
    return lambda: made.mesh.network.request(peer, protocol, say(), DEADLINE)


async def _repeat(job: Callable[[], Awaitable[object]]) -> None:
    while True:
        with suppress(NetworkError):
            await job()
        await trio.sleep(0.001)
