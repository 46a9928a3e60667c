"""One group of faults, in a process of its own: it prints what goes on, and each round's outcome as a line of JSON."""

import json
import logging
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import structlog
import trio

from tests.faults import lab
from tests.faults.catalogue import GROUPS, Fault
from tests.faults.options import Options
from tests.faults.record import read, rounds_of
from tests.faults.round import run_round
from tests.faults.scene import Scene

INTERRUPTED = 130  # exit status, as a shell's own
RESULT = "result "  # what a line begins with that is meant for the parent


def run_group(asked: Options) -> int:
    """A round that broke ends its fleet, so that the next ones are not judged by what it left; that stays to be looked
    into, and where is said."""
    if asked.in_rooms:
        lab.make_rooms()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)  # what mallory's own node says
    structlog.configure(wrapper_class=quiet)
    end, done = time.monotonic() + asked.minutes * 60, rounds_of(read(asked.log))
    try:
        while asked.missing(asked.group, done) and time.monotonic() < end:
            directory = Path(tempfile.mkdtemp(prefix=f"faults-{asked.group}-"))
            if trio.run(strike_all, asked, directory, done, end):
                lab.unmount(directory)
                shutil.rmtree(directory, ignore_errors=True)
            else:
                say(f"what is left of that fleet is in {directory}")
    except* KeyboardInterrupt:
        raise KeyboardInterrupt from None
    return 0


async def strike_all(asked: Options, directory: Path, done: Counter[str], end: float) -> bool:
    """Rounds on one fleet until promises were broken: False; or until nothing or no time is left: True.

    `done`: rounds that there were, which are added to. `end`: by the monotonic clock.
    """
    prepared = set[str]()
    seed = f"{asked.seed} {asked.group} {done.total()}"  # who goes on meets other chances than at first
    async with lab.lab(GROUPS[asked.group], directory, seed, asked.in_rooms) as scene:
        for number, (fault, nth) in enumerate(in_turn(asked, Counter(done))):
            if time.monotonic() > end:
                say("the time is over")
                break
            if fault.prepare is not None and fault.name not in prepared:
                await fault.prepare(scene)
                prepared.add(fault.name)
            done[fault.name] += 1
            if not await one_round(scene, fault, number, f"{nth}/{asked.times(fault)}"):
                return False
    return True


def in_turn(asked: Options, done: Mapping[str, int]) -> Iterator[tuple[Fault, int]]:
    """The first round of each fault, then the second of each: what is interrupted has tried all of them."""
    faults = [fault for fault in asked.of(asked.group) if asked.in_rooms or not fault.needs]
    most = max((asked.times(fault) for fault in faults), default=0)
    every = ((fault, nth) for nth in range(1, most + 1) for fault in faults)
    return ((fault, nth) for fault, nth in every if done.get(fault.name, 0) < nth <= asked.times(fault))


async def one_round(scene: Scene, fault: Fault, number: int, nth: str) -> bool:
    scene.told.clear()
    outcome = await run_round(scene, fault.strike, number)
    kept = outcome.kept(fault.doubles)
    steps = ", ".join(f"{what} {seconds:.0f}" for what, seconds in outcome.steps if seconds >= 0.5)
    told = "; ".join(scene.told)
    say(f"{fault.name} {nth}: {'kept' if kept else 'BROKEN'} in {outcome.seconds:.0f} s ({steps}) {told}")
    for trouble in outcome.trouble:
        say(f"    {trouble}")
    say(RESULT + json.dumps({"fault": fault.name, "kept": kept, "outcome": asdict(outcome), "told": told}))
    return kept


def say(line: str) -> None:
    print(line, flush=True)
