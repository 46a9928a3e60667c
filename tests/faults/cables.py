"""Cables that are pulled, that carry one way only, that lose packets or are slow."""

from tests.faults.scene import TAKEOVER_AGE, Scene


async def partition(scene: Scene) -> None:
    """Two sides that do not hear each other for longer than the takeover age; each elects and files."""
    order = scene.draw.sample(scene.names, len(scene.names))
    size = scene.draw.randrange(1, len(order))
    scene.wires.cut(order[:size], order[size:])
    await scene.while_(TAKEOVER_AGE, 3.0 * TAKEOVER_AGE)
    scene.wires.heal()


async def flap(scene: Scene) -> None:
    """Cut and healed again and again, each time otherwise."""
    for _ in range(4):
        order = scene.draw.sample(scene.names, len(scene.names))
        scene.wires.cut(order[:1], order[1:])
        await scene.while_(0.5, 2.5)
        scene.wires.heal()
        await scene.while_(0.0, 2.0)


async def asymmetric(scene: Scene) -> None:
    """One node hears nothing of one other, or of all, who hear it."""
    one, *others = scene.draw.sample(scene.names, len(scene.names))
    scene.wires.deafen(one, *others[: scene.draw.randint(1, len(others))])
    await scene.while_(TAKEOVER_AGE, 3.0 * TAKEOVER_AGE)
    scene.wires.heal()


async def unplug(scene: Scene) -> None:
    """The filer's machine loses its network, GitHub included, and gets it back."""
    await scene.while_(0.0, 4.0)
    scene.namespaces.unplug((await scene.filer()).name)
    await scene.while_(TAKEOVER_AGE, 3.0 * TAKEOVER_AGE)
    scene.wires.heal()


async def lose_packets(scene: Scene) -> None:
    """One packet in ten between nodes is lost, and the filer is killed meanwhile."""
    scene.namespaces.lose(10)
    await scene.while_(2.0, 6.0)
    node = await scene.filer()
    node.kill()
    await scene.fleet.start(node.name)
    await scene.filed()


async def delay(scene: Scene) -> None:
    """Everything between nodes is late by up to half a second."""
    scene.cables.delay = scene.draw.uniform(0.1, 0.5)
    await scene.while_(TAKEOVER_AGE, 2.0 * TAKEOVER_AGE)
