"""`make simulate SEEDS=200 SEED_START=1`: many seeds of every scenario, on all cores.

Exit status 1 when a promise was broken: then the plan of the first that broke is made smaller and told as a timeline,
and it is printed as a line for `failed.jsonl`. The seed alone repeats the run: `python -m tests.simulation fleet 1 17`.
"""

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import msgspec

from tests.simulation.plan import Plan
from tests.simulation.runs import Job, Ran, run_one
from tests.simulation.scenario import SCENARIOS
from tests.simulation.shrink import shrink
from tests.simulation.story import Broken, play

TOLD = 80  # lines of a broken run's timeline


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("scenario", choices=[*SCENARIOS, "all"])
    parser.add_argument("seeds", type=int)
    parser.add_argument("start", type=int, nargs="?", default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep-going", action="store_true", help="name what broke, make nothing smaller")
    given = parser.parse_args()
    chosen = list(SCENARIOS) if given.scenario == "all" else [given.scenario]
    jobs = [Job(name, seed) for seed in range(given.start, given.start + given.seeds) for name in chosen]
    broken = run_all(jobs, given.processes)
    print(f"{given.seeds} seeds of {', '.join(chosen)}: {len(broken)} broke a promise")
    if broken and not given.keep_going:
        explain(broken[0])
    return min(len(broken), 1)


def run_all(jobs: list[Job], processes: int) -> list[Ran]:
    """Those that broke a promise."""
    broken: list[Ran] = []
    began, virtual = time.monotonic(), 0.0
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for number, ran in enumerate(pool.map(run_one, jobs, chunksize=2), 1):
            virtual += ran.seconds
            if ran.broken:
                broken.append(ran)
                print(f"\r{ran.scenario} {ran.seed}: {ran.broken}", flush=True)
            if sys.stderr.isatty() or number % 50 == 0 or number == len(jobs):
                end = "" if sys.stderr.isatty() and number < len(jobs) else "\n"
                told = f"{number} of {len(jobs)} runs, {virtual / 3600:.0f} h simulated, {len(broken)} broken"
                print(f"\r{told}, {time.monotonic() - began:.0f} s", end=end, file=sys.stderr, flush=True)
    return sorted(broken)


def explain(ran: Ran) -> None:
    """Make the run smaller and tell it."""
    plan = SCENARIOS[ran.scenario](ran.seed)
    kind = ran.broken.split(":")[0][:20]

    def breaks(smaller: Plan) -> bool:
        return how_it_breaks(smaller)[0][:20].startswith(kind[:8])

    small = shrink(plan, breaks)
    text, timeline = how_it_breaks(small)
    print(f"\n{ran.scenario} {ran.seed}, made smaller from {len(plan.steps)} to {len(small.steps)} steps: {text}")
    print("\n".join(timeline[-TOLD:]))
    print("\nto be kept in tests/simulation/failed.jsonl, with what it showed:")
    print(msgspec.json.encode({"showed": text, "plan": small}).decode())


def how_it_breaks(plan: Plan) -> tuple[str, list[str]]:
    """What the checks say, and the timeline; nothing where all holds."""
    try:
        return "", play(plan).timeline
    except Broken as error:
        return str(error), error.timeline


if __name__ == "__main__":
    sys.exit(main())
