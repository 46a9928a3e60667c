"""What `python -m tests.faults` was asked for."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.catalogue import ALL, GROUPS, Fault


@dataclass(frozen=True)
class Options:
    faults: list[str]  # names of faults and groups; empty: all but the short form
    rounds: int  # of each fault; 0: as the catalogue says
    jobs: int  # groups at a time
    minutes: float  # of each group; then no more rounds
    seed: int
    loopback: bool
    group: str  # this process is of that group; empty: it starts one for each
    in_rooms: bool  # this process has namespaces of its own

    def of(self, group: str) -> list[Fault]:
        """Those of the group's faults that are wanted."""
        every = GROUPS[group].faults
        if group in (self.faults or ALL):
            return list(every)
        return [fault for fault in every if fault.name in self.faults]

    def times(self, fault: Fault) -> int:
        return self.rounds or fault.rounds

    def for_group(self, group: str, in_rooms: bool) -> list[str]:
        """The command line of the process that strikes one group."""
        numbers = ["--rounds", str(self.rounds), "--minutes", str(self.minutes), "--seed", str(self.seed)]
        rooms = ["--in-rooms"] if in_rooms else []
        return ["--group", group, "--faults", ",".join(self.faults), *numbers, *rooms]


def read(arguments: Sequence[str]) -> Options:
    """Ends the program with a usage message where something is not known."""
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
    parsed.faults = [each for each in parsed.faults.split(",") if each]
    known = {*GROUPS, *(fault.name for group in GROUPS.values() for fault in group.faults)}
    if unknown := sorted({*parsed.faults} - known):
        parser.error(f"no such fault: {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
    return Options(**vars(parsed))
