"""What `python -m tests.faults` was asked for."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.catalogue import ALL, GROUPS, Fault


@dataclass(frozen=True)
class Options:
    faults: list[str]  # names of faults and groups; empty: all but the short form
    rounds: int  # of each fault; 0: as the catalogue says
    jobs: int  # groups at a time
    minutes: float  # of each group; then no more rounds
    seed: int
    log: Path | None  # of rounds; those that it holds are not run again
    loopback: bool
    group: str  # this process is of that group; empty: it starts one for each
    in_rooms: bool  # a group has namespaces of its own; this process, if it is of one

    def of(self, group: str) -> list[Fault]:
        """Those of the group's faults that are wanted."""
        every = GROUPS[group].faults
        if group in (self.faults or ALL):
            return list(every)
        return [fault for fault in every if fault.name in self.faults]

    def times(self, fault: Fault) -> int:
        return self.rounds or fault.rounds

    def missing(self, group: str, done: Mapping[str, int]) -> int:
        """How many rounds of the group are still to be run."""
        every = [fault for fault in self.of(group) if self.in_rooms or not fault.needs]
        return sum(max(0, self.times(fault) - done.get(fault.name, 0)) for fault in every)

    def for_group(self, group: str) -> list[str]:
        """The command line of the process that strikes one group."""
        numbers = ["--rounds", str(self.rounds), "--minutes", str(self.minutes), "--seed", str(self.seed)]
        log = ["--log", str(self.log)] if self.log else []
        rooms = ["--in-rooms"] if self.in_rooms else []
        return ["--group", group, "--faults", ",".join(self.faults), *numbers, *log, *rooms]


def read(arguments: Sequence[str]) -> Options:
    """Ends the program with a usage message where something is not known."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Whatever breaks, round after round.")
    parser.add_argument("--faults", default="", help="names of faults or groups, by comma (default: all)")
    parser.add_argument("--rounds", type=int, default=0, help="of each fault (default: as the catalogue says)")
    parser.add_argument("--jobs", type=int, default=3, help="groups at a time (default: 3; rounds mostly wait)")
    parser.add_argument("--minutes", type=float, default=240, help="of each group; then no more rounds (default: 240)")
    parser.add_argument("--seed", type=int, default=1)
    about_log = (
        "a line of JSON for each round; rounds that it holds are not run again, and the table is of all it holds"
    )
    parser.add_argument("--log", type=_log, default=None, help=about_log)
    parser.add_argument("--loopback", action="store_true", help="no namespaces, though they are permitted")
    parser.add_argument("--group", default="", help=argparse.SUPPRESS)
    parser.add_argument("--in-rooms", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    parsed.faults = [each for each in parsed.faults.split(",") if each]
    known = {*GROUPS, *(fault.name for group in GROUPS.values() for fault in group.faults)}
    if unknown := sorted({*parsed.faults} - known):
        parser.error(f"no such fault: {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
    return Options(**vars(parsed))


def _log(given: str) -> Path | None:
    return Path(given) if given else None
