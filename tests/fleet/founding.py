"""A fleet as the command line makes it: founded once per test session, then copied for every test.

`aggregator init`, `invite` and `join` run as a user would run them, the first node alive while the others join. What is
copied are the keys and fleet files; counts, sockets and address books are each test's own.
"""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from node import fleet, markerkey
from tests.fleet.harness import DaemonProcess, environment_in

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
WINDOW = 2  # seconds: 15 minutes, shortened
KEYS = (fleet.NODE_KEY, fleet.NAME, fleet.KEY_NAME, markerkey.NAME)
HOST = "127.0.0.1"
LONG = 300.0  # seconds for a command, on a machine that is busy with other things
CONFIG = """\
[node]
directory = "{directory}/state"
[ingest]
socket = "{directory}/ingest.sock"
spool = ["{directory}/spool"]
spool_interval = "100ms"
[log]
level = "debug"
"""


@dataclass(frozen=True)
class Place:
    """Where a node lives: its address, and what its commands stand behind."""

    host: str = HOST
    within: Sequence[str] = ()


@dataclass
class Founded:
    """Where the keys are, who is who, and where each listens. Ports stay taken as long as this lives."""

    directory: Path
    peers: dict[str, str] = field(default_factory=dict[str, str])  # peer ids by name
    public: dict[str, int] = field(default_factory=dict[str, int])  # ports that the fleet knows
    inner: dict[str, int] = field(default_factory=dict[str, int])  # ports to listen on behind a cable
    places: Mapping[str, Place] = field(default_factory=dict[str, Place])  # of who is not on loopback

    def place(self, name: str) -> Place:
        return self.places.get(name, Place())

    def address(self, name: str) -> str:
        """Where the others reach it."""
        return f"/ip4/{self.place(name).host}/tcp/{self.public[name]}"

    def copy(self, name: str, directory: Path) -> None:
        """Give a test the keys of one node, and nothing else of it."""
        state = directory / "state"
        state.mkdir(mode=0o700, parents=True)
        for path in (self.directory / name / "state").iterdir():
            if path.name in KEYS:
                shutil.copy2(path, state / path.name)


def cli(directory: Path, *arguments: str, within: Sequence[str] = ()) -> str:
    """What `aggregator ARGUMENTS` prints. Raises AssertionError with its words if it fails."""
    command = [*within, sys.executable, "-m", "node.cli", "--config", str(directory / "config.toml"), *arguments]
    done = subprocess.run(command, env=environment_in(directory), capture_output=True, text=True, timeout=LONG)
    assert done.returncode == 0, done.stderr
    return done.stdout


def listening(port: int, host: str = HOST) -> str:
    return f'[network]\nlisten = ["/ip4/{host}/tcp/{port}"]\n'


def found(
    directory: Path,
    reserved: ExitStack,
    names: Sequence[str] = NAMES,
    window: int = WINDOW,
    places: Mapping[str, Place] | None = None,
) -> Founded:
    """Make the fleet, with windows of `window` seconds. `reserved` keeps its ports."""
    founded = Founded(directory, places=places or {})
    directory.mkdir(exist_ok=True)
    nodes: dict[str, DaemonProcess] = {}
    for name in names:
        founded.public[name], founded.inner[name] = reserve(reserved), reserve(reserved)
        place = founded.place(name)
        nodes[name] = DaemonProcess(directory / name, listening(founded.public[name], place.host), config=CONFIG)
        nodes[name].within = place.within

    def run(name: str, *arguments: str) -> str:
        return cli(nodes[name].directory, *arguments, within=founded.place(name).within)

    first, *others = names
    made = json.loads(run(first, "init", "--window", f"{window}s", "--name", "test", "--json"))
    founded.peers[first] = made["node"]
    with nodes[first]:
        reached = founded.address(first)
        token = run(first, "invite", "--uses", "50", "--address", reached, "--allow-loopback").strip()
        with ThreadPoolExecutor(2) as pool:
            joined = [pool.submit(run, name, "join", token, "--json") for name in others]
            founded.peers |= {name: json.loads(j.result())["node"] for name, j in zip(others, joined, strict=True)}
    (directory / "token").write_text(token)
    return founded


def reserve(reserved: ExitStack) -> int:
    """A free port that nobody else is given; whoever sets SO_REUSEADDR may listen on it all the same."""
    taken = reserved.enter_context(socket.socket())
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind((HOST, 0))
    return taken.getsockname()[1]
