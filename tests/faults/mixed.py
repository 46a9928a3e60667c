"""Several faults at a time, chosen by chance: of the cables, of a process and of GitHub."""

from collections.abc import Awaitable, Callable

import trio

from tests.faults import cables, processes
from tests.faults.github import SWITCHES, at_github
from tests.faults.scene import Scene

Strike = Callable[[Scene], Awaitable[None]]
CABLES: tuple[Strike, ...] = (cables.partition, cables.flap, cables.asymmetric)
GITHUB = tuple(each for each in SWITCHES if each[:3] in ("FLT", "RTE") and each != "FLT-06")


def mixed(at_once: int) -> Strike:
    """One of the processes, and `at_once` - 1 of the rest."""

    async def strike(scene: Scene) -> None:
        others = [scene.draw.choice(CABLES), at_github(scene.draw.choice(GITHUB))]
        chosen = [processes.kill, *scene.draw.sample(others, at_once - 1)]
        scene.told.append(" ".join(getattr(each, "__name__", "") for each in chosen))
        async with trio.open_nursery() as nursery:
            for each in chosen:
                nursery.start_soon(each, scene)

    return strike
