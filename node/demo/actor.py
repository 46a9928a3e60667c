"""A node of the demo: its own directory, sockets and empty home; started, killed and asked like any other."""

import sys
from collections.abc import Mapping
from pathlib import Path

from node.control.client import Client, Unreachable
from node.demo.process import Broken, Process, Processes, wait_until

# Minutes become seconds; what is counted, claimed and filed is the same.
CONFIG = """\
[node]
directory = "{home}/state"

[ingest]
socket = "{home}/ingest.sock"
spool = ["{home}/spool"]
spool_interval = "200ms"

[bundle]
interval = "{interval}s"
window = "{interval}s"

[filing]
takeover_age = "{takeover}s"

[github]
api_url = "{github}"
write_interval = "50ms"

[network]
enabled = false
"""
INTERVAL = 2  # seconds
TAKEOVER = 5  # seconds


class Actor:
    """Not started yet. `environment`: what all processes of the stage see; the token comes on top."""

    def __init__(
        self, name: str, home: Path, environment: Mapping[str, str], processes: Processes, github: str, token: str
    ) -> None:
        self.name, self.home, self._processes = name, home, processes
        self.config = home / "config.toml"
        self.ingest, self.control, self.spool = home / "ingest.sock", home / "control.sock", home / "spool"
        self.output = home / "node.log"
        self.node = Client(self.control)
        self._environment = {**environment, "HOME": str(home / "home"), "GITHUB_TOKEN": token}
        self._process: Process | None = None
        (home / "home").mkdir(parents=True)
        self.spool.mkdir()
        self.config.write_text(CONFIG.format(home=home, interval=INTERVAL, takeover=TAKEOVER, github=github))

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Returns when it takes records and answers questions."""
        command = [sys.executable, "-m", "node.cli", "node", "--config", str(self.config)]
        self._process = self._processes.start(command, self._environment, self.home, self.output)
        wait_until(self._answers, f"{self.name} starts")

    def kill(self) -> None:
        """SIGKILL, as if the machine lost power over it."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _answers(self) -> bool:
        if self._process is not None and self._process.ended is not None:
            raise Broken(f"{self.name} does not start{self._process.last_words()}")
        try:
            self.node.status()
        except Unreachable:
            return False
        return True
