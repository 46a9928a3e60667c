"""A home in which the commands of the documentation are run as they stand there, and a node that answers them."""

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.docs.commands import ROOT, Command
from tests.fleet.founding import reserve
from tests.fleet.shop import eventually

# The least of netcat that `nc -NU SOCKET` needs; not every machine has one that knows Unix sockets.
NETCAT = """\
import socket, sys
with socket.socket(socket.AF_UNIX) as there:
    there.connect(sys.argv[2])
    there.sendall(sys.stdin.buffer.read())
    there.shutdown(socket.SHUT_WR)
    sys.stdout.write(there.makefile().read())
"""
SECONDS = 180.0


class World:
    """A machine of its own, as far as the commands can tell. `reserved`: keeps its port."""

    def __init__(self, path: Path, reserved: ExitStack) -> None:
        self.path, self.programs, self.runtime = path, path / "bin", path / "run"
        # What stands for what. All is on one machine here, which an invitation does not take for meant.
        self.names = {"aggregator invite": "aggregator invite --allow-loopback"}
        for each in (self.programs, self.runtime):
            each.mkdir(parents=True)
        self._program("aggregator", f'#!/bin/sh\nexec "{sys.executable}" -m node.cli "$@"\n')
        self._program("python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        self._program("nc", f"#!{sys.executable}\n{NETCAT}")
        self._program("backup.sh", "#!/bin/sh\necho no space left >&2\nexit 3\n", path)
        self.environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "HOME": str(path),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "AGGREGATOR_NODE_DIRECTORY": str(path / "state"),
            "AGGREGATOR_SOCKET": str(self.runtime / "error-aggregator" / "ingest.sock"),
            "AGGREGATOR_NETWORK_LISTEN": f"/ip4/127.0.0.1/tcp/{reserve(reserved)}",
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
        }

    def run(self, command: Command | str, given: str = "", status: int | None = 0) -> str:
        """Its output. Raises `AssertionError` where it ends with another status; None: whatever it is."""
        line = command.line if isinstance(command, Command) else command
        for name, value in self.names.items():
            line = line.replace(name, value)
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            input=given,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.path,
            timeout=SECONDS,
        )
        assert status in (None, done.returncode), f"{command}\nstatus {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def node(self) -> Generator[None]:
        """`aggregator node` while this lasts."""
        with (self.path / "node.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "node.cli", "node"], env=self.environment, cwd=self.path, stdout=log, stderr=log
            )
        try:
            eventually(self._listens, "the node listens", shown=(self.path / "node.log").read_text)
            yield
        finally:
            process.terminate()
            process.wait(SECONDS)

    def _listens(self) -> bool:
        with closing(socket.socket(socket.AF_UNIX)) as probe:
            return probe.connect_ex(self.environment["AGGREGATOR_SOCKET"]) == 0

    def _program(self, name: str, text: str, folder: Path | None = None) -> None:
        path = (folder or self.programs) / name
        path.write_text(text)
        path.chmod(0o755)
