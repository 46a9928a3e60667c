"""Real nodes as real processes, each in a directory of its own: started, killed, stopped and looked into.

Everything a node has lies in its directory: configuration, state, sockets, spool, output. Time limits are generous and
only there so that a broken test ends.
"""

import math
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

from aggregator.page import read_body
from node.store import pages

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0  # seconds that a start or a stop may take, on a machine that is busy with other things
DAY = 86_400  # seconds: the longest that may lie between two ticks
CONFIG = """\
[node]
directory = "{directory}/state"
[ingest]
socket = "{directory}/ingest.sock"
spool = ["{directory}/spool"]
spool_interval = "100ms"
[network]
enabled = false
[log]
level = "debug"
"""


class DaemonProcess:
    """One node. As a context manager it is started, and killed at the end whatever happens."""

    def __init__(
        self, directory: Path, settings: str = "", environment: Mapping[str, str] | None = None, config: str = CONFIG
    ) -> None:
        self.directory = directory
        self.socket = directory / "ingest.sock"
        self.spool = directory / "spool"
        self.config = directory / "config.toml"
        self.output = directory / "output.log"
        self.database = directory / "state" / "state.db"
        self.program: Sequence[str] = ("-m", "node")
        self.within: Sequence[str] = ()  # what the command stands behind, such as `ip netns exec NAME`
        self.environment = {**environment_in(directory), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.spool.mkdir(parents=True, exist_ok=True)
        self.config.write_text(config.format(directory=directory) + settings)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # nobody calls `__exit__` then
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None

    def alive(self) -> bool:
        """Whether the process that was started has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it listens."""
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [*self.within, sys.executable, *self.program, "--config", str(self.config)],
                env=self.environment,
                stdout=output,
                stderr=output,
                cwd=self.directory,
            )
        self._wait(self.listens, "listen")

    def listens(self) -> bool:
        """Whether somebody accepts connections on its socket."""
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def kill(self) -> None:
        """SIGKILL, as if the machine lost power over this process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(PATIENCE)
        self._process = None
        return status

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def counts(self) -> dict[str, int]:
        """What the database says was counted, by signature."""
        counts: dict[str, int] = {}
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            for page in pages.every(db):
                for tally in read_body(page.body):
                    counts[tally.signature] = counts.get(tally.signature, 0) + tally.count
        return counts

    def log_lines(self) -> Iterator[str]:
        yield from self.output.read_text(errors="replace").splitlines()

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the node does not {what}:\n{self.output.read_text(errors='replace')}")
            time.sleep(0.02)


def interval_without_ticks(now: float) -> str:
    """A `bundle.interval` of which no tick comes in the next half day. Of an hour, or a day, there is one when the hour
    strikes, and that may be in the middle of a test."""
    return f"{int(1000 * now / math.ceil(now / DAY))}ms"


NO_TICKS = interval_without_ticks(time.time())


def environment_in(directory: Path) -> dict[str, str]:
    """Nothing of who runs the test: no home, no tokens, no settings."""
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(directory), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
