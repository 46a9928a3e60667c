"""A node of the demo: its own directory, port, sockets and empty home; started, killed and asked like any other."""

import random
import socket
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from node.control.client import Client, Unreachable
from node.demo.hub import Hub
from node.demo.process import Broken, Process, Processes, wait_until

# Minutes become seconds; what is counted, claimed and filed is the same. One service has a route, so that there is a
# repository to be elected for before there is anything to be filed.
CONFIG = """\
[node]
directory = "{home}/state"

[ingest]
socket = "{home}/ingest.sock"
spool = ["{home}/spool"]
spool_interval = "200ms"

[bundle]
interval = "{interval}s"

[filing]
takeover_age = "{takeover}s"

[github]
api_url = "{github}"
write_interval = "10ms"

[github.routes]
greeting = "{repository}"

[network]
listen = ["{address}"]
"""
INTERVAL = 5  # seconds; longer than the last in rank waits for the others
TAKEOVER = 4  # seconds until another may take a claim over; less than an interval
PORTS = range(20_000, 32_000)  # below those that the system gives to outgoing connections


class Actor:
    """Not started yet. `environment`: what all processes of the stage see; the token comes on top."""

    def __init__(
        self, name: str, home: Path, environment: Mapping[str, str], processes: Processes, port: int, hub: Hub
    ) -> None:
        self.name, self.home, self._processes = name, home, processes
        self.config = home / "config.toml"
        self.ingest, self.control, self.spool = home / "ingest.sock", home / "control.sock", home / "spool"
        self.output = home / "node.log"
        self.address = f"/ip4/127.0.0.1/tcp/{port}"
        self.node = Client(self.control)
        self.peer = ""  # id; empty: it was never started
        self._environment = {**environment, "HOME": str(home / "home"), "GITHUB_TOKEN": hub.token}
        self._process: Process | None = None
        (home / "home").mkdir(parents=True)
        self.spool.mkdir()
        self.config.write_text(
            CONFIG.format(
                home=home,
                interval=INTERVAL,
                takeover=TAKEOVER,
                github=hub.url,
                repository=hub.repository,
                address=self.address,
            )
        )

    @property
    def pid(self) -> int:
        """0: it does not run."""
        return self._process.pid if self._process else 0

    def launch(self) -> None:
        """Start it; `wait_ready` waits for it."""
        command = [sys.executable, "-m", "node.cli", "node", "--config", str(self.config)]
        self._process = self._processes.start(command, self._environment, self.home, self.output)

    def wait_ready(self) -> None:
        """Returns when it takes records and answers questions."""
        wait_until(self._answers, f"{self.name} starts")
        self.peer = self.node.status().node

    def kill(self) -> None:
        """SIGKILL, as if the machine lost power over it."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def book(self) -> set[tuple[str, str, bytes]]:
        """All that it holds for true besides counts, as it stands on its disk."""
        with closing(sqlite3.connect(f"file:{self.home / 'state' / 'state.db'}?mode=ro", uri=True)) as db:
            return set(db.execute("SELECT kind, subject, value FROM book"))

    def _answers(self) -> bool:
        if self._process is not None and self._process.ended is not None:
            raise Broken(f"{self.name} does not start{self._process.last_words()}")
        try:
            self.node.status()
        except Unreachable:
            return False
        return True


def free_ports(held: ExitStack) -> Iterator[int]:
    """Ports of loopback that nobody uses; none twice, nor to two demos: each stays taken as long as `held` lasts.

    A node may listen on it all the same: it says that it shares its address.
    """
    for port in random.sample(PORTS, len(PORTS)):
        taken = held.enter_context(socket.socket())
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            continue
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield port
