"""One soak from beginning to end: start, look, load, look every minute, rest, look, compare, judge."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import trio

from node.control.client import Client, Refused, Unreachable
from node.ingest.receive import PATIENCE, SWEEP
from tests.fleet.harness import DaemonProcess
from tests.soak import bad, good, others
from tests.soak.rows import AIM_MIB, GROWTH_MIB, HEAD, Row, growth, judge, line, links, look, trend
from tests.soak.site import Site, make_site

REST = PATIENCE + 2 * SWEEP + 2  # seconds after which who was slow has been ended
MEET = 300.0  # seconds, on a machine that is busy with other things
AGREE = 60.0  # seconds for the last counts to be everywhere
Say = Callable[[str], None]


@dataclass
class Run:
    """What is found. `wrong` is empty if all is well."""

    site: Site
    before: dict[str, Row] = field(default_factory=dict[str, Row])
    rows: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    rest: dict[str, Row] = field(default_factory=dict[str, Row])
    wrong: list[str] = field(default_factory=list[str])


async def soak(
    directory: Path, minutes: float, names: list[str], say: Say, every: float = 60.0, scale: float = 1.0
) -> Run:
    """`every`: seconds between rows; `scale`: how long pauses are, and stays."""
    with ExitStack() as stack:
        run = Run(make_site(directory, stack, names))
        for node in run.site.nodes:
            await trio.to_thread.run_sync(stack.enter_context, node)
        await _meet(run.site.nodes)
        await trio.sleep(min(every, 10) * scale)  # the first streams between them are opened
        run.before = {name_of(node): await look(node, 0.0) for node in run.site.nodes}
        say(HEAD)
        await _load(run, minutes, every, scale, say)
        await _rest(run, minutes)
        await _compare(run)
    run.wrong += [*_not_flat(run, minutes), *run.site.notes]
    if not run.site.refused or not run.site.acknowledged:
        run.wrong.append("there was no load")
    _tell(run, minutes, say)
    return run


async def _meet(nodes: list[DaemonProcess]) -> None:
    """Until all are linked: a link is a dozen tasks and a descriptor, which would be missing in what was before."""
    with trio.fail_after(MEET):
        for node in nodes:
            while await links(node) < len(nodes) - 1:  # a node tells nobody  # noqa: ASYNC110
                await trio.sleep(0.2)


def name_of(node: DaemonProcess) -> str:
    return node.directory.name


async def _load(run: Run, minutes: float, every: float, scale: float, say: Say) -> None:
    site = run.site
    async with trio.open_nursery() as hostile:
        for each in _hostile(site, scale):
            hostile.start_soon(each)
        async with trio.open_nursery() as working:
            for each in _good(site, scale):
                working.start_soon(each)
            await _watch(run, minutes, every, say)
            site.over.set()
        hostile.cancel_scope.cancel()
    bad.remove_what_is_left(site.node.spool)


Task = Callable[[], Awaitable[None]]


def _good(site: Site, scale: float) -> list[Task]:
    return [
        lambda: good.in_sessions(site, 0.3 * scale, 10_000),
        lambda: good.in_sessions(site, 0.3 * scale, 3),
        lambda: good.from_shells(site, 0.1 * scale),
        lambda: good.datagrams(site, 0.1 * scale),
        lambda: good.spools(site, 15 * scale, 500),
        lambda: good.programs(site, 0.02, 45 * scale),
        lambda: good.programs(site, 0.05, 3600 * scale),
        lambda: others.stopped_for_a_while(site, 10 * scale, 40 * scale),
    ]


def _hostile(site: Site, scale: float) -> list[Task]:
    return [
        lambda: bad.sayings(site, 0.2 * scale),
        lambda: bad.crowds(site, 60 * scale, 8 * scale),
        lambda: bad.comers_and_goers(site, 0.1 * scale),
        lambda: bad.bad_datagrams(site, 0.2 * scale),
        lambda: bad.bad_spools(site, 1 * scale),
        lambda: bad.stopped(site, 10 * scale, 50 * scale),
        lambda: bad.on_control(site, 0.5 * scale),
        lambda: bad.hanging_up(site, 0.2 * scale),
        lambda: others.readers(site, 0.5 * scale),
        lambda: others.reloads(site, 20 * scale),
    ]


async def _watch(run: Run, minutes: float, every: float, say: Say) -> None:
    began = trio.current_time()
    end = began + minutes * 60
    while trio.current_time() < end:
        await trio.sleep(min(every, end - trio.current_time()))
        for node in run.site.nodes:
            rows = run.rows.setdefault(name_of(node), [])
            rows.append(await look(node, (trio.current_time() - began) / 60))
            say(f"{name_of(node):6s}{line(rows[-1], rows[-2] if len(rows) > 1 else None)}")


async def _compare(run: Run) -> None:
    """What was acknowledged against what each node counts."""
    wrong: dict[str, dict[str, tuple[int, int]]] = {}
    with trio.move_on_after(AGREE):
        while True:
            wrong = {name_of(node): await _differences(run.site, node) for node in run.site.nodes}
            if not any(wrong.values()):
                return
            await trio.sleep(1)
    for name, kinds in wrong.items():
        run.wrong += [f"{name}: {kind}: {has} counted, {told} acknowledged" for kind, (has, told) in kinds.items()]


async def _differences(site: Site, node: DaemonProcess) -> dict[str, tuple[int, int]]:
    try:
        rows = await trio.to_thread.run_sync(Client(node.directory / "control.sock").errors)
    except (Unreachable, Refused) as error:
        return {str(error): (0, 0)}
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row.title.partition(":")[0]] += row.total
    return {k: (counted[k], n) for k, n in site.acknowledged.items() if counted[k] != n}


async def _rest(run: Run, minutes: float) -> None:
    """Until everything of the load is gone; at the latest when who was slow must have been ended."""
    began = trio.current_time()
    while not run.rest or (_not_flat(run, minutes) and trio.current_time() - began < REST):
        await trio.sleep(1)
        resting = minutes + (trio.current_time() - began) / 60
        run.rest = {name_of(node): await look(node, resting) for node in run.site.nodes}


def _not_flat(run: Run, minutes: float) -> list[str]:
    warm = warm_up(minutes)
    return [
        each for name, rows in run.rows.items() for each in judge(name, run.before[name], rows, run.rest[name], warm)
    ]


def warm_up(minutes: float) -> float:
    """Minutes that do not count: the lookback fills, what it pushes out is folded, and Python's arenas settle."""
    return min(15.0, minutes / 4)


def _tell(run: Run, minutes: float, say: Say) -> None:
    for name, rows in run.rows.items():
        warmed = [row for row in rows if row.minute >= warm_up(minutes)]
        was, now = run.before[name], run.rest[name]
        say(f"{name} without load, before and after\n      {line(was, None)}\n      {line(now, None)}")
        say(
            f"{name}: memory after {warm_up(minutes):.0f} min: {growth(warmed):+.1f} MiB at most (aim {AIM_MIB}, bound "
            f"{GROWTH_MIB}), last quarter over first "
            f"{trend(warmed):+.1f} MiB; fds {was.fds} -> {now.fds}, tasks {was.tasks} -> {now.tasks}"
        )
    acknowledged = sum(run.site.acknowledged.values())
    say(f"{acknowledged} records acknowledged, {sum(run.site.refused.values())} bad things answered as they should be")
    say(json.dumps(run.site.refused))
    say("\n".join(["NOT as it should be:", *run.wrong]) if run.wrong else "all as it should be")
