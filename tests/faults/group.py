"""One group of faults, in a process of its own: it prints what goes on, and each round's outcome as a line of JSON."""

import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import structlog
import trio

from tests.faults import lab
from tests.faults.catalogue import GROUPS, Fault
from tests.faults.options import Options
from tests.faults.round import run_round
from tests.faults.scene import Scene

INTERRUPTED = 130  # exit status, as a shell's own
RESULT = "result "  # what a line begins with that is meant for the parent


def run_group(asked: Options) -> int:
    """What broke is left to be looked into, and where is said."""
    if asked.in_rooms:
        lab.make_rooms()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)  # what mallory's own node says
    structlog.configure(wrapper_class=quiet)
    directory = Path(tempfile.mkdtemp(prefix=f"faults-{asked.group}-"))
    say(f"in {directory}")
    if trio.run(strike_all, asked, directory):
        shutil.rmtree(directory, ignore_errors=True)
    return 0


async def strike_all(asked: Options, directory: Path) -> bool:
    """Whether all promises were kept."""
    all_kept = True
    async with lab.lab(GROUPS[asked.group], directory, asked.seed, asked.in_rooms) as scene:
        end = trio.current_time() + asked.minutes * 60
        for number, (fault, nth) in enumerate(in_turn(asked)):
            if trio.current_time() > end:
                say("the time is over")
                break
            if nth == 1 and fault.prepare is not None:
                await fault.prepare(scene)
            all_kept &= await one_round(scene, fault, number, f"{nth}/{asked.times(fault)}")
    return all_kept


def in_turn(asked: Options) -> Iterator[tuple[Fault, int]]:
    """The first round of each fault, then the second of each: what is interrupted has tried all of them."""
    faults = asked.of(asked.group)
    for fault in [fault for fault in faults if fault.needs and not asked.in_rooms]:
        say(f"{fault.name}: NOT RUN, it needs namespaces")
        faults.remove(fault)
    most = max((asked.times(fault) for fault in faults), default=0)
    return ((fault, nth) for nth in range(1, most + 1) for fault in faults if nth <= asked.times(fault))


async def one_round(scene: Scene, fault: Fault, number: int, nth: str) -> bool:
    scene.told.clear()
    outcome = await run_round(scene, fault.strike, number)
    kept = outcome.kept(fault.doubles)
    say(f"{fault.name} {nth}: {'kept' if kept else 'BROKEN'} in {outcome.seconds:.0f} s {'; '.join(scene.told)}")
    for trouble in outcome.trouble:
        say(f"    {trouble}")
    say(RESULT + json.dumps({"fault": fault.name, "kept": kept, **asdict(outcome)}))
    return kept


def say(line: str) -> None:
    print(line, flush=True)
