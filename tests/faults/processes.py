"""Processes that die, stop, come back, lose what they had, or live in another time."""

import os
import subprocess
from pathlib import Path

import trio

from tests.faults.scene import TAKEOVER_AGE, Scene
from tests.fleet.fleet import FleetNode
from tests.fleet.harness import ROOT

DISK = 8 * 1024 * 1024  # bytes of the disk that becomes full, besides what is on it at first; twice the database's log
STEP = 1_800.0  # seconds by which a clock may be wrong, in either direction; windows of an hour ahead are taken
SKEWED = "clock"  # file with the seconds by which a node's clock is wrong


async def kill(scene: Scene) -> None:
    """SIGKILL of the filer, and of any node, at any moment."""
    await scene.while_(0.0, 4.0)
    for node in (await scene.filer(), scene.any_node()):
        node.kill()
    await scene.while_(0.0, 4.0)


async def freeze(scene: Scene) -> None:
    """SIGSTOP of the filer at any moment, for up to twice the takeover age."""
    await scene.while_(0.0, 4.0)
    node = await scene.filer()
    node.freeze()
    await scene.while_(0.0, 2.0 * TAKEOVER_AGE)
    node.thaw()


async def restart_one_by_one(scene: Scene) -> None:
    """A rolling restart: each is told to stop and started again, while the others go on."""
    for node in scene.draw.sample(list(scene.fleet), len(scene.names)):
        assert await trio.to_thread.run_sync(node.stop) == 0
        await scene.fleet.start(node.name)
        await scene.while_(0.0, 1.0)


async def lose_database(scene: Scene) -> None:
    """A node loses its database when all know what it counted, and is back without one."""
    node = scene.any_node()
    await scene.all_agree()
    node.kill()
    node.lose_database()
    await scene.fleet.start(node.name)


async def restore_backup(scene: Scene) -> None:
    """A node is put back to what it was some seconds before."""
    node = scene.any_node()
    await scene.all_agree()
    assert await trio.to_thread.run_sync(node.stop) == 0
    backup = node.back_up()
    await scene.fleet.start(node.name)
    await scene.while_(1.0, 3.0)
    await scene.all_agree()
    node.kill()
    node.restore(backup)
    await scene.fleet.start(node.name)


async def give_small_disk(scene: Scene) -> None:
    """The state of one node moves to a file system of its own."""
    node = scene.fleet[scene.names[-1]]
    node.kill()
    await trio.to_thread.run_sync(move_to_small_disk, node)
    await scene.fleet.start(node.name)


def move_to_small_disk(node: FleetNode) -> None:
    state = node.directory / "state"
    aside = node.directory / "aside"
    state.rename(aside)
    state.mkdir(mode=0o700)
    size = sum(path.stat().st_size for path in aside.iterdir()) + DISK
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(state))
    _run("cp", "-a", f"{aside}/.", str(state))


async def fill_disk(scene: Scene) -> None:
    """The disk of one node becomes full: it takes nothing, says so, goes on, and loses nothing."""
    node = scene.fleet[scene.names[-1]]
    filler = node.directory / "state" / "filler"
    await scene.while_(0.0, 1.0)
    await trio.to_thread.run_sync(fill, filler)
    program = scene.programs[node.name]
    program.report(*scene.bugs * 400)  # more than what the database has room for in its own files
    await scene.while_(3.0, 6.0)
    full, stopped = not program.done, not node.alive()
    scene.told.append(f"full: {full}, stopped: {stopped}")
    filler.unlink()


def fill(path: Path) -> None:
    """Until there is no room for one byte more."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    os.write(descriptor, bytes(size))
            except OSError:
                continue
    finally:
        os.close(descriptor)


async def lend_clocks(scene: Scene) -> None:
    """Every node reads its wall clock through a file."""
    for node in scene.fleet:
        node.kill()
        wrong = node.directory / SKEWED
        wrong.write_text("0")
        node.program = ("-m", "tests.faults.skewed_node", str(wrong))
    await scene.fleet.start(*scene.names)


async def skew_clocks(scene: Scene) -> None:
    """The clock of each node jumps, by up to half an hour in either direction, once more, and is put right."""
    for step in (STEP, STEP, 0.0):
        for node in scene.fleet:
            set_clock(node, scene.draw.uniform(-step, step))
        await scene.while_(2.0, 4.0)


def set_clock(node: FleetNode, seconds: float) -> None:
    new = node.directory / f"{SKEWED}.new"
    new.write_text(str(seconds))
    new.rename(node.directory / SKEWED)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
