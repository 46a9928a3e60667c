"""All groups, each in a process of its own, in namespaces of its own where that is permitted; then the table."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from tests.faults import lab
from tests.faults.catalogue import GROUPS
from tests.faults.group import INTERRUPTED, RESULT, say
from tests.faults.options import Options
from tests.faults.round import Outcome
from tests.faults.table import table

Process = subprocess.Popen[str]
Result = tuple[str, bool, Outcome]  # the fault, whether promises were kept, and the numbers of one round


def run_all(asked: Options) -> int:
    """Exit status: 0 if all promises were kept."""
    why = "asked for" if asked.loopback else lab.why_no_rooms()
    say(f"on loopback, behind relays: no namespaces ({why})" if why else "in network namespaces")
    began, done, running = time.monotonic(), list[Result](), list[Process]()

    def one(group: str) -> None:
        for result in results(group, asked, not why, running):
            done.append(result)

    try:
        with ThreadPoolExecutor(asked.jobs) as pool:
            wait([pool.submit(one, group) for group in GROUPS if asked.of(group)], pool, running)
    finally:  # also of a run that was interrupted
        say(summary(done, time.monotonic() - began))
    return 0 if done and all(kept for _, kept, _ in done) else 1


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


def results(group: str, asked: Options, in_rooms: bool, running: list[Process]) -> Iterator[Result]:
    """Run one group; prints what it says as it comes."""
    unshare = lab.unshare() if in_rooms else ()
    command = [*unshare, sys.executable, "-m", "tests.faults", *asked.for_group(group, in_rooms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        running.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(RESULT):
                told = json.loads(line.removeprefix(RESULT))
                yield told.pop("fault"), told.pop("kept"), Outcome(**told)
            else:
                say(f"{group:10} {line.rstrip()}")
    if process.returncode not in (0, INTERRUPTED):
        yield group, False, Outcome(trouble=[f"ended with {process.returncode}"])


def summary(done: Sequence[Result], seconds: float) -> str:
    """In the order of the catalogue; a group that ended early has a row of its own."""
    outcomes: dict[str, Outcome] = {}
    for name, _, outcome in done:
        outcomes[name] = outcomes.get(name, Outcome()) + outcome
    order = [fault.name for group in GROUPS.values() for fault in group.faults]
    rows = [(name, outcomes[name]) for name in [*order, *GROUPS] if name in outcomes]
    broken = sum(not kept for _, kept, _ in done)
    return f"\n{table(rows)}\n\n{len(done)} rounds, {broken} broken, {seconds:.0f} s"
