"""Where faults strike: a fleet, its GitHub, and cables that can be cut.

`rooms` says what is permitted here: a process that may make network and mount namespaces runs itself again in some of
its own (`unshare`), and makes the fleet's network there; elsewhere the fleet is on loopback behind relays, and what
needs namespaces is not run, which is said.
"""

import os
import random
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from tests.faults.catalogue import Group
from tests.faults.program import Program
from tests.faults.scene import SETTINGS, Scene
from tests.fleet.cables import Cables
from tests.fleet.fleet import Fleet, make_node, new_repository, together
from tests.fleet.founding import found
from tests.fleet.namespaces import HERE, HUB, Namespaces
from tests.stage.standin import started

PROBE = """\
mount -t tmpfs tmpfs /run && ip link add left type bridge && ip netns add alice &&
ip netns exec alice nft add table inet faults"""


def unshare() -> Sequence[str]:
    """The command before a command that gives it namespaces of its own."""
    return ("unshare", "--net", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))


def why_no_rooms() -> str:
    """What forbids namespaces here; empty: nothing does."""
    try:
        done = subprocess.run([*unshare(), "sh", "-c", PROBE], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def make_rooms() -> None:
    """The first step in them: `ip netns` keeps its names under /run."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)


def unmount(directory: Path) -> None:
    """What was mounted below it, so that it can be removed."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        place = Path(line.split()[1])
        if place.is_relative_to(directory):
            subprocess.run(["umount", "--lazy", str(place)], check=False)


@asynccontextmanager
async def lab(group: Group, directory: Path, seed: str, in_rooms: bool) -> AsyncGenerator[Scene]:
    """All nodes of the group, running and linked. `in_rooms`: this process has namespaces of its own."""
    namespaces = Namespaces(group.nodes) if in_rooms and not group.relays else None
    with ExitStack() as stack:
        if in_rooms:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: ASYNC221
        if namespaces:
            stack.callback(namespaces.remove)
            namespaces.make()
        host = f"{HUB}.{HERE}" if namespaces else "127.0.0.1"
        hub = stack.enter_context(started("--search-lag", "0", "--host", host))
        places = namespaces.places() if namespaces else None
        make = partial(found, directory / "founded", stack, group.nodes, places=places)
        founded = await trio.to_thread.run_sync(make)
        hub = new_repository(hub, "faults")
        nodes = [
            make_node(founded, hub, directory, each, SETTINGS, namespaces is None, token(group, each))
            for each in group.nodes
        ]
        async with trio.open_nursery() as nursery:
            wires = namespaces or Cables(nursery, lambda: {n.name: n.pid for n in nodes if n.alive()})
            if isinstance(wires, Cables):
                await together(lambda n: wires.lay(n, founded.public[n], founded.inner[n]), group.nodes)
            fleet = Fleet(nodes, hub, None)
            programs = {node.name: Program(node) for node in nodes}
            try:
                await fleet.start(*group.nodes)
                for program in programs.values():
                    nursery.start_soon(program.run)
                yield Scene(fleet, programs, wires, founded, directory, random.Random(seed))
            finally:
                for node in nodes:
                    node.kill()
            nursery.cancel_scope.cancel()


def token(group: Group, name: str) -> dict[str, object]:
    return {"login": name, "permission": "push", **group.tokens.get(name, {})}
