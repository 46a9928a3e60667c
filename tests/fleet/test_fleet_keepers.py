"""A fleet that is spread: two of four nodes keep the counts and file, the others ask them; one of the two may die."""

from collections.abc import Mapping
from pathlib import Path

from node.control.client import Unreachable
from tests.fleet.fleet import PATIENCE, Fleet, fleet, name, until
from tests.fleet.founding import Founded
from tests.sender import error
from tests.stage.standin import Hub

NAMES = ("alice", "bob", "carol", "dave")


async def test_two_keepers_count_exactly_and_file_and_when_one_dies_another_goes_on(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, *NAMES, start=(), patience=5 * PATIENCE) as some:
        for node in some:
            node.program = ("-m", "tests.fleet.spread_node")
        await some.start(*NAMES)
        for node in some:
            await node.report(error(1, count=2))
        keepers = await kept(some, {name(1): 8})
        await file(some, issues=1)

        first = await some.leader(keepers)
        some[first].kill()
        for node in some.running:
            await node.report(error(2, count=3))
        keepers = await kept(some, {name(1): 8, name(2): 9})
        assert first not in keepers
        await file(some, issues=2)
        assert len({issue["title"] for issue in some.issues("all")}) == 2


async def kept(some: Fleet, counts: Mapping[str, int]) -> list[str]:
    """Until two nodes keep exactly these counts, and all others show them in the words of one of the two."""
    keepers: list[str] = []

    async def so() -> bool:
        try:
            rows = {node.name: await node.errors() for node in some.running}
        except Unreachable:
            return False
        keepers[:] = [each for each, shown in rows.items() if not any(row.kept_by for row in shown)]
        peers = {some[each].peer for each in keepers}
        others = [row for each, shown in rows.items() if each not in keepers for row in shown]
        exact = all({row.signature: row.count for row in shown} == counts for shown in rows.values())
        return len(keepers) == 2 and exact and all(row.kept_by in peers for row in others)

    await until(so, 2 * PATIENCE)
    return keepers


async def file(some: Fleet, issues: int) -> None:
    """Tick until so many issues are there, and once more, which must change nothing."""

    async def filed() -> bool:
        await some.bundle()
        return len(some.issues("all")) >= issues

    await until(filed, 2 * PATIENCE)
    await some.bundle()
    assert len(some.issues("all")) == issues
