"""Two machines with one key: what each of them counts gets out, both say so, and the others show it."""

import shutil
from pathlib import Path

import pytest

from aggregator.reason import Reason
from tests.fleet.fleet import PATIENCE, Fleet, FleetNode, all_of, fleet, name, until
from tests.fleet.founding import Founded, listening
from tests.sender import error
from tests.stage.standin import Hub

LONG = 3 * PATIENCE  # seconds; they are served in turn, half a minute each


@pytest.mark.slow
async def test_a_machine_from_the_same_image_is_noticed_by_all_and_what_it_counts_is_counted(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, "alice", "bob", patience=3 * LONG) as some:
        bob = some["bob"]
        assert bob.stop() == 0
        copy = copied(bob, tmp_path / "copy", founded.inner["bob"])
        await some.start("bob")
        some.nodes["copy"] = copy
        try:
            await some.start("copy")
            await bob.report(error(1))
            await copy.report(error(2))
            await some.agree({name(1): 1, name(2): 1}, within=LONG)

            async def both_say_so() -> bool:
                await bob.report(error(1))  # which shows the other that it is alive
                await copy.report(error(2))
                return await all_of(says_so(each) for each in (bob, copy))

            await until(both_say_so, LONG, look=5.0)
            await until(lambda: shown(some, bob.peer), LONG)
        finally:
            copy.kill()


def copied(node: FleetNode, directory: Path, port: int) -> FleetNode:
    """Another machine from the image of this one, which is down."""
    shutil.copytree(node.directory, directory, ignore=shutil.ignore_patterns("*.sock", "lock"))
    text = node.config.read_text().replace(str(node.directory), str(directory))
    here = next(line for line in text.splitlines() if line.startswith("listen ="))
    made = FleetNode("copy", node.peer, directory, "", {"GITHUB_TOKEN": node.environment["GITHUB_TOKEN"]})
    made.config.write_text(text.replace(here, listening(port).splitlines()[1]))
    return made


async def says_so(node: FleetNode) -> bool:
    return any(line.startswith(Reason.COPIED.value) for line in (await node.status()).warnings)


async def shown(some: Fleet, peer: str) -> bool:
    return (await some["alice"].peers())[peer].state == "copied"
