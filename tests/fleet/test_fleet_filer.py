"""Who files: one node while all are well, the next in rank when it is dead, and never two."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import trio

from aggregator.election import ranked
from tests.fleet.fleet import PATIENCE, TAKING_OVER, WITHIN, Fleet, fleet, name, until
from tests.fleet.founding import Founded
from tests.sender import error
from tests.stage.standin import Hub

NAMES = ("alice", "bob", "carol")
BUGS = 6


async def due(some: Fleet, *numbers: int) -> None:
    """Report these errors until they are due, and wait until all know."""
    await some.running[0].report(*[error(n, count=3) for n in numbers])
    await until(lambda: shows(some, numbers), PATIENCE)


async def shows(some: Fleet, numbers: tuple[int, ...]) -> bool:
    return all([{name(n) for n in numbers} <= (await node.shown()).keys() for node in some.running])


async def asked(some: Fleet, method: str, ending: str, times: int = 1, of: str = "") -> list[dict[str, Any]]:
    """Until the stand-in was asked so often for this, answered or not."""
    found: list[dict[str, Any]] = []

    async def often_enough() -> bool:
        found[:] = [each for each in some.requests(method, ending) if of in ("", each["login"])]
        return len(found) >= times

    await until(often_enough, PATIENCE)
    return found


async def file_all(some: Fleet, *names: str, issues: int) -> None:
    """Tick until so many issues are there, and once more, which must change nothing."""

    async def filed() -> bool:
        await some.bundle(*names)
        return len(some.issues("all")) >= issues

    await until(filed, PATIENCE)
    await some.bundle(*names)
    titles = sorted(issue["title"] for issue in some.issues("all"))
    assert len(titles) == len(set(titles)) == issues, titles


async def test_the_next_in_rank_wins_the_claim_at_the_same_tick_when_the_first_is_dead(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, *NAMES) as some:
        await some.linked()
        first = await some.leader()
        await due(some, 1)
        some[first].kill()
        tick = time.time()
        await some.bundle()
        (claim,) = [each for each in some.requests("POST", "git/refs") if each["status"] == 201]
        assert claim["login"] != first
        assert claim["time"] - tick < WITHIN
        assert len(some.issues("all")) == 1


async def test_a_filer_that_is_killed_among_its_issues_is_followed_by_another_and_nothing_is_double(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, *NAMES, settings=TAKING_OVER) as some:
        await some.linked()
        await due(some, *range(BUGS))
        first = await some.leader()
        some.hub.fault("FLT-01", method="POST", path="*/issues", skip=2, seconds=60.0)  # the third is not answered
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, some[first].ask_for_bundle)
            await asked(some, "POST", "issues", times=3)
            some[first].kill()
        others = [each for each in NAMES if each != first]
        await file_all(some, *others, issues=BUGS)
        assert {first} < some.creators()


async def test_a_filer_that_is_stopped_for_longer_than_the_takeover_age_files_nothing_twice(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    """Stopped once after it has won the claim, once while it creates; each time others take over before it goes on."""
    async with fleet(founded, hub, tmp_path, *NAMES, settings=TAKING_OVER) as some:
        await some.linked()
        first = await some.leader()
        others = [each for each in NAMES if each != first]
        for round_, (ending, path) in enumerate((("git/refs", "*/git/refs"), ("issues", "*/issues")), 1):
            await due(some, round_)
            before = len(some.requests("POST", ending))
            some.hub.fault("SLOW", method="POST", path=path, seconds=1.0)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.to_thread.run_sync, some[first].ask_for_bundle)
                await asked(some, "POST", ending, times=before + 1)
                some[first].freeze()
                await file_all(some, *others, issues=round_)
                some[first].thaw()
            await some.linked()
            await file_all(some, issues=round_)


async def test_a_candidate_whose_token_cannot_write_refs_never_files_and_says_so(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    order = ranked(f"acme/{tmp_path.name}", [founded.peers[each] for each in NAMES])
    weak = next(each for each in NAMES if founded.peers[each] == order[0])
    token = {"kind": "fine-grained", "permissions": {"issues": "write", "contents": "read", "metadata": "read"}}
    async with fleet(founded, hub, tmp_path, *NAMES, tokens={weak: token}) as some:
        await due(some, 1)

        async def has_learnt() -> bool:
            await some.bundle(weak)
            return list((await some[weak].status()).filing.trouble) == [some.hub.repository]

        await until(has_learnt, PATIENCE)
        await file_all(some, issues=1)
        assert weak not in some.creators()
        assert await some.leader() != weak


async def test_one_that_is_told_to_stop_is_shown_as_left_and_not_as_failed(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, *NAMES) as some:
        await some.linked()
        first = await some.leader()
        others = [each for each in NAMES if each != first]
        assert some[first].stop() == 0
        await until(lambda: sees(some, others, first, "left"), PATIENCE)
        assert await some.leader() != first

        await some.start(first)
        await until(lambda: sees(some, others, first, "here"), PATIENCE)
        os.kill(some[first].pid, signal.SIGKILL)
        await until(lambda: sees(some, others, first, "away"), PATIENCE)


async def sees(some: Fleet, viewers: list[str], whom: str, state: str) -> bool:
    return all([(await some[each].peers())[some[whom].peer].state == state for each in viewers])
