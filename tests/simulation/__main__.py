"""`make simulate SEEDS=200 SEED_START=1`: many seeds of every scenario; a broken one is told as a timeline.

Exit status 1 when a promise was broken. The seed alone repeats the run: `python -m tests.simulation fleet 1 17`.
"""

import argparse
import sys
import time

from tests.simulation.scenario import SCENARIOS, Broken

TOLD = 40  # lines of a broken run's timeline


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("scenario", choices=[*SCENARIOS, "all"])
    parser.add_argument("seeds", type=int)
    parser.add_argument("start", type=int, nargs="?", default=1)
    given = parser.parse_args()
    chosen = list(SCENARIOS) if given.scenario == "all" else [given.scenario]
    broken = 0
    for number, seed in enumerate(range(given.start, given.start + given.seeds), 1):
        for name in chosen:
            broken += not holds(name, seed)
        if sys.stderr.isatty():
            print(f"\r{number} of {given.seeds} seeds, {broken} broken", end="", file=sys.stderr, flush=True)
    print(f"{given.seeds} seeds of {', '.join(chosen)}: {broken} broke a promise")
    return min(broken, 1)


def holds(name: str, seed: int) -> bool:
    """Whether all promises held; else the end of the run is printed."""
    began = time.monotonic()
    try:
        SCENARIOS[name](seed)
    except Broken as error:
        print(f"\n{name} {seed} broke a promise after {time.monotonic() - began:.1f} s: {error}")
        print("\n".join(error.timeline[-TOLD:]))
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
