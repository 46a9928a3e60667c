"""`python -m tests.faults [--faults kill,claims-1] [--rounds N] [--jobs N] [--seed N]`: exit 1 where a promise broke.

Each group of faults runs in a process of its own, in namespaces of its own where that is permitted; `--jobs` groups at
a time. Progress is printed while it runs, a table at the end; what was kept to look into is named where one broke.
"""

import argparse
import json
import logging
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog
import trio

from tests.faults import lab
from tests.faults.catalogue import ALL, GROUPS, Fault
from tests.faults.round import Outcome, run_round
from tests.faults.scene import Scene
from tests.faults.table import table

RESULT = "result "  # what a line begins with that a group's process tells its parent


@dataclass(frozen=True)
class Options:
    faults: list[str]
    rounds: int
    jobs: int
    minutes: float
    seed: int
    loopback: bool
    group: str
    in_rooms: bool


def options(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Whatever breaks, round after round.")
    parser.add_argument("--faults", default="", help="names of faults or groups, by comma (default: all)")
    parser.add_argument("--rounds", type=int, default=0, help="of each fault (default: as the catalogue says)")
    parser.add_argument("--jobs", type=int, default=2, help="groups at a time (default: 2)")
    parser.add_argument("--minutes", type=float, default=240, help="of each group; then no more rounds (default: 240)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loopback", action="store_true", help="no namespaces, though they are permitted")
    parser.add_argument("--group", default="", help=argparse.SUPPRESS)
    parser.add_argument("--in-rooms", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    wanted = [each for each in parsed.faults.split(",") if each]
    known = {*GROUPS, *(fault.name for group in GROUPS.values() for fault in group.faults)}
    if unknown := sorted({*wanted} - known):
        parser.error(f"no such fault: {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
    return Options(
        wanted, parsed.rounds, parsed.jobs, parsed.minutes, parsed.seed, parsed.loopback, parsed.group, parsed.in_rooms
    )


def chosen(group: str, wanted: Sequence[str]) -> list[Fault]:
    """Those of the group's faults that are wanted; all where nothing is."""
    every = GROUPS[group].faults
    if (not wanted and group in ALL) or group in wanted:
        return list(every)
    return [fault for fault in every if fault.name in wanted]


# One group, in a process of its own.


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
            all_kept &= await one_round(scene, fault, number, f"{nth}/{asked.rounds or fault.rounds}")
    return all_kept


def in_turn(asked: Options) -> Iterator[tuple[Fault, int]]:
    """The first round of each fault, then the second of each: what is interrupted has tried all of them."""
    faults = chosen(asked.group, asked.faults)
    for fault in [fault for fault in faults if fault.needs and not asked.in_rooms]:
        say(f"{fault.name}: NOT RUN, it needs namespaces")
        faults.remove(fault)
    most = max((asked.rounds or fault.rounds for fault in faults), default=0)
    yield from ((fault, nth) for nth in range(1, most + 1) for fault in faults if nth <= (asked.rounds or fault.rounds))


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


def run_group(asked: Options) -> int:
    if asked.in_rooms:
        lab.make_rooms()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)  # what mallory's own node says
    structlog.configure(wrapper_class=quiet)
    directory = Path(tempfile.mkdtemp(prefix=f"faults-{asked.group}-"))
    say(f"in {directory}")
    if trio.run(strike_all, asked, directory):  # else it is left to be looked into
        shutil.rmtree(directory, ignore_errors=True)
    return 0


# All of them.


Popen = subprocess.Popen[str]
Result = tuple[str, bool, Outcome]  # the fault, whether promises were kept, and the numbers of one round


def results(group: str, asked: Options, in_rooms: bool, running: list[Popen]) -> Iterator[Result]:
    """Run one group; prints what it says as it comes."""
    options_ = ["--group", group, "--faults", ",".join(asked.faults), "--rounds", str(asked.rounds)]
    more = ["--minutes", str(asked.minutes), "--seed", str(asked.seed)]
    own = [*options_, *more, *(["--in-rooms"] if in_rooms else [])]
    command = [*(lab.unshare() if in_rooms else ()), sys.executable, "-m", "tests.faults", *own]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        running.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(RESULT):
                told = json.loads(line.removeprefix(RESULT))
                yield told.pop("fault"), told.pop("kept"), Outcome(**told)
            else:
                say(f"{group:10} {line.rstrip()}")
    if process.returncode:
        say(f"{group}: ended with {process.returncode}")
        yield group, False, Outcome(trouble=[f"{group} ended with {process.returncode}"])


def run_all(asked: Options) -> int:
    why = "asked for" if asked.loopback else lab.why_no_rooms()
    say(f"on loopback, behind relays: no namespaces ({why})" if why else "in network namespaces")
    groups = [name for name in GROUPS if chosen(name, asked.faults)]
    began, done, running = time.monotonic(), list[Result](), list[Popen]()

    def one(group: str) -> None:
        for result in results(group, asked, not why, running):
            done.append(result)

    try:
        with ThreadPoolExecutor(asked.jobs) as pool:
            waiting = [pool.submit(one, group) for group in groups]
            try:
                for each in waiting:
                    each.result()
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in running:
                    process.send_signal(signal.SIGINT)
                raise
    finally:  # also of a run that was interrupted
        say(summary(done, time.monotonic() - began))
    return 0 if done and all(kept for _, kept, _ in done) else 1


def summary(done: Sequence[Result], seconds: float) -> str:
    """In the order of the catalogue."""
    outcomes: dict[str, Outcome] = {}
    for name, _, outcome in done:
        outcomes[name] = outcomes.get(name, Outcome()) + outcome
    order = [fault.name for group in GROUPS.values() for fault in group.faults]
    rows = [(name, outcomes[name]) for name in [*order, *GROUPS] if name in outcomes]
    broken = sum(not kept for _, kept, _ in done)
    return f"\n{table(rows)}\n\n{len(done)} rounds, {broken} broken, {seconds:.0f} s"


def main() -> int:
    """SIGINT and SIGTERM end it with what is known so far, and end what it started."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    asked = options(sys.argv[1:])
    return run_group(asked) if asked.group else run_all(asked)


if __name__ == "__main__":
    sys.exit(main())
