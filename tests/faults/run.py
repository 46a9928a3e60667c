"""All groups, each in a process of its own, in namespaces of its own where that is permitted; then the table."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tests.faults import lab
from tests.faults.catalogue import GROUPS
from tests.faults.group import INTERRUPTED, RESULT, say
from tests.faults.options import Options
from tests.faults.record import Record, append, of, read, rounds_of
from tests.faults.round import Outcome
from tests.faults.table import table
from tests.fleet.harness import ROOT

Process = subprocess.Popen[str]


@dataclass
class Progress:
    """`planned`: rounds of this run; those that the log holds are none of them."""

    planned: int
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    broken: int = 0

    def note(self, kept: bool) -> str:
        """One more; how far it has come."""
        self.done += 1
        self.broken += not kept
        return how_far(self.done, self.planned, self.broken, time.monotonic() - self.began)


def how_far(done: int, planned: int, broken: int, seconds: float) -> str:
    """`seconds`: since it began. What is left is supposed to take as long as what is done."""
    left = seconds / done * max(0, planned - done) / 60
    return f"round {done} of {planned}, {broken} broken, {left:.0f} min left"


def run_all(asked: Options) -> int:
    """Exit status: 0 if all promises were kept, also in the rounds that the log held before."""
    why = "asked for" if asked.loopback else lab.why_no_rooms()
    say(f"on loopback, behind relays: no namespaces ({why})" if why else "in network namespaces")
    before = read(asked.log)
    ran, asked = rounds_of(before), replace(asked, in_rooms=not why)
    groups = [group for group in GROUPS if asked.missing(group, ran)]
    progress, done, running = Progress(sum(asked.missing(group, ran) for group in groups)), before, list[Process]()
    commit = commit_of()
    for fault in [fault for group in groups for fault in asked.of(group) if fault.needs and why]:
        say(f"{fault.name}: NOT RUN, it needs namespaces")
    say(f"{progress.planned} rounds of {commit}" + (f", besides {len(before)} of {asked.log}" if before else ""))

    def one(group: str) -> None:
        for record in records(group, asked, running, commit):
            done.append(record)
            append(asked.log, record)
            say(f"{group:10} {progress.note(record.kept)}")

    try:
        with ThreadPoolExecutor(asked.jobs) as pool:
            wait([pool.submit(one, group) for group in groups], pool, running)
    finally:  # also of a run that was interrupted
        say(summary(done, time.monotonic() - progress.began))
    return 0 if done and all(record.kept for record in done) else 1


def wait(groups: Sequence[Future[None]], pool: ThreadPoolExecutor, running: Sequence[Process]) -> None:
    """Until all are done; who is interrupted interrupts them."""
    try:
        for each in groups:
            each.result()
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.send_signal(signal.SIGINT)
        raise


def records(group: str, asked: Options, running: list[Process], commit: str) -> Iterator[Record]:
    """Run one group; prints what it says as it comes."""
    unshare = lab.unshare() if asked.in_rooms else ()
    command = [*unshare, sys.executable, "-m", "tests.faults", *asked.for_group(group)]

    def now() -> str:
        return datetime.now(UTC).isoformat(timespec="seconds")

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        running.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(RESULT):
                told = json.loads(line.removeprefix(RESULT))
                yield of({**told, "group": group, "at": now(), "commit": commit})
            else:
                say(f"{group:10} {line.rstrip()}")
    if process.returncode not in (0, INTERRUPTED):
        ended = Outcome(trouble=[f"ended with {process.returncode}"])
        yield Record(group, group, False, now(), commit, ended)


def commit_of() -> str:
    """What the program is of; "+": files differ from it. "?" where that cannot be known."""
    command = ("git", "describe", "--always", "--exclude=*", "--dirty=+")
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    return done.stdout.strip() or "?"


def summary(done: Sequence[Record], seconds: float) -> str:
    """In the order of the catalogue; a group that ended early has a row of its own."""
    order = [*(fault.name for group in GROUPS.values() for fault in group.faults), *GROUPS]
    found = {name: [record for record in done if record.fault == name] for name in order}
    rows = {name: records for name, records in found.items() if records}
    broken = sum(not record.kept for record in done)
    commits = ", ".join(sorted({record.commit for record in done}))
    return f"\n{table(rows)}\n\n{len(done)} rounds of {commits}, {broken} broken; this run took {seconds:.0f} s"
