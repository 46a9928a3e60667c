"""Nodes that were not there: late, restored, emptied, cut off. Counts become equal and exact on every node."""

from pathlib import Path

import trio

from tests.fleet.fleet import PATIENCE, Fleet, FleetNode, all_of, fleet, name, together, until
from tests.fleet.founding import WINDOW, Founded
from tests.sender import error
from tests.stage.standin import Hub

SIDES = ("alice", "bob", "carol"), ("dave", "erin")
BUGS = range(4)


async def test_one_that_starts_late_one_from_an_old_backup_and_one_without_its_database_become_equal(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, "alice", "bob", "carol", start=("alice", "bob")) as some:
        carol = some["carol"]
        await some["alice"].report(*[error(n % 30, count=2) for n in range(90)])
        await some["bob"].report(error(0))
        expected = {name(n): 6 + (n == 0) for n in range(30)}
        await some.start("carol")
        await some.agree(expected, within=PATIENCE)

        await carol.report(error(0), error(30))
        expected |= {name(0): 8, name(30): 1}
        await some.agree(expected)
        assert carol.stop() == 0
        backup = carol.back_up()
        await some.start("carol")
        await carol.report(error(0), error(31, count=7))
        expected |= {name(0): 9, name(31): 7}
        await some.agree(expected, within=PATIENCE)

        carol.kill()
        carol.restore(backup)
        await some["bob"].report(error(31))
        await some.start("carol")
        await carol.report(error(30), error(31))
        expected |= {name(30): 2, name(31): 9}
        await some.agree(expected, within=PATIENCE)

        carol.kill()
        carol.lose_database()
        await some.start("carol")
        await carol.report(error(30))
        expected |= {name(30): 3}
        await some.agree(expected, within=PATIENCE)


async def report_on_both_sides(some: Fleet) -> None:
    await together(lambda node: node.report(*map(error, BUGS)), some)


async def test_two_sides_that_were_cut_apart_for_an_hour_agree_and_have_one_issue_per_bug(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    """The hour is four windows and more, as long as it takes until each side has a leader of its own."""
    names = tuple(each for side in SIDES for each in side)
    async with fleet(founded, hub, tmp_path, *names, cables=True) as some:
        await some.linked()
        some.cables.cut(*SIDES)
        for _ in range(4):
            await report_on_both_sides(some)
            await trio.sleep(WINDOW)  # the time that passes is what this is about
        for side in SIDES:
            await some.agree({name(n): 4 * len(side) for n in BUGS}, *side)
        for side in SIDES:
            await some.leader(side)  # one of its own
        await some.bundle()
        assert len(some.issues("all")) == len(BUGS)

        some.cables.heal()
        await some.agree({name(n): 4 * len(names) for n in BUGS}, within=PATIENCE)
        await some.linked()
        await some.bundle()
        assert len(some.issues("all")) == len(BUGS)
        await until(lambda: all_of(knows_the_issues(some, node) for node in some), PATIENCE)


async def knows_the_issues(some: Fleet, node: FleetNode) -> bool:
    numbers = {row.issue.number for row in await node.errors() if row.issue}
    return numbers == {issue["number"] for issue in some.issues()}
