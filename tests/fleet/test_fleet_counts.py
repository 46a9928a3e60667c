"""Counts of a fleet: exact and the same on every node, whoever was told, and borne by the issues."""

from pathlib import Path

import trio

from aggregator.status import read_status
from tests.fleet.fleet import SETTINGS, WITHIN, Fleet, fleet, name, together
from tests.fleet.founding import WINDOW, Founded
from tests.sender import error
from tests.stage.standin import Hub

ERRORS = 20
OCCURRENCES = 10_000
PATIENT = f"{SETTINGS}[election]\ntakeover = 10\n"  # seconds: a leader that is slow because the machine is, stays it


def counts_in_issues(some: Fleet) -> list[int]:
    told = [read_status(issue["body"]) for issue in some.issues()]
    return sorted(status.count for status in told if status)


async def test_10_000_occurrences_through_three_nodes_are_counted_exactly_everywhere_and_filed_so(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    names = ("alice", "bob", "carol")
    expected = {name(n): OCCURRENCES // ERRORS for n in range(ERRORS)}
    shares = {each: [error(n % ERRORS) for n in range(i, OCCURRENCES, 3)] for i, each in enumerate(names)}
    async with fleet(founded, hub, tmp_path, *names, settings=PATIENT) as some:
        await some.linked()
        await together(lambda each: some[each].report(*shares[each]), names)
        await some.agree(expected)

        leader = await some.leader()
        await some.bundle()
        assert counts_in_issues(some) == [OCCURRENCES // ERRORS] * ERRORS
        assert some.creators() == {leader}


async def test_two_nodes_with_one_occurrence_each_are_no_issue_and_a_third_window_makes_it_one(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, "alice", "bob", "carol") as some:
        await some.linked()
        await some["alice"].report(error(1))
        await some["bob"].report(error(1))
        await some.agree({name(1): 2}, within=WITHIN)
        await some.bundle()
        assert some.issues("all") == []

        await trio.sleep(2 * WINDOW)  # a later window is what this waits for
        await some["carol"].report(error(1))
        await some.agree({name(1): 3})
        await some.bundle()
        assert counts_in_issues(some) == [3]
        assert len(some.issues("all")) == 1
