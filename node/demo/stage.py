"""Where the demo plays: one directory, and every process that was started in it.

Leaving the stage ends all processes and removes the directory, also after Ctrl-C, SIGTERM or a mistake. With `keep` the
stand-in and the nodes play on, and a script in the directory does later what leaving would have done.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import node
from node.demo.actor import Actor, free_ports
from node.demo.cast import NODES, Program
from node.demo.hub import Hub
from node.demo.interrupts import taken_over
from node.demo.planted import Secrets
from node.demo.process import Broken, Process, Processes

PACKAGES = Path(node.__file__).resolve().parents[1]
SHOP = Path(__file__).parent / "shop"
SHORT = 60  # characters of a directory in which a Unix socket's path still fits
SHORTEST = "/tmp"  # noqa: S108  # a directory is made there, not a file with a known name
AT_ONCE = 6  # programs that run side by side
WELL_ENOUGH = frozenset({0, 1, 3})  # how the shop's programs end


class Stage:
    """Made by `opened`, which also clears it."""

    def __init__(self, directory: Path, processes: Processes, held: ExitStack) -> None:
        self.directory = directory
        self.secrets = Secrets()
        self.actors: dict[str, Actor] = {}
        self.order: list[str] = []  # names by rank, first the elected one; empty: nobody is elected yet
        self.kills = 0  # of nodes
        self.lost = 0  # requests for an issue that GitHub never got
        self._processes = processes
        self._ports = free_ports(held)
        self._did = directory / "did"  # a file for each node: what really happened on its machine
        self._said = directory / "said"
        self._shop = Path(shutil.copytree(SHOP, directory / "shop", ignore=shutil.ignore_patterns("__pycache__")))
        self._hub: Hub | None = None
        for each in (self._did, self._said, directory / "tmp"):
            each.mkdir()

    @property
    def hub(self) -> Hub:
        """The GitHub stand-in; started when it is first needed."""
        if self._hub is None:
            self._hub = Hub(self.directory / "github", self.environment(), self._processes)
            self.secrets.add("GITHUB_TOKEN", self._hub.token)
        return self._hub

    def environment(self) -> dict[str, str]:
        """What every process sees: nothing of who runs the demo, save where programs are."""
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        places = {"HOME": str(self.directory / "home"), "TMPDIR": str(self.directory / "tmp")}
        return {"PATH": path, "PYTHONPATH": str(PACKAGES), "LC_ALL": "C.UTF-8", **places}

    def actor(self, name: str) -> Actor:
        """The node of that name; made, not started, when it is first asked for."""
        if name not in self.actors:
            where, hub = self.directory / name, self.hub
            self.actors[name] = Actor(name, where, self.environment(), self._processes, next(self._ports), hub)
        return self.actors[name]

    @property
    def playing(self) -> list[Actor]:
        """The nodes that run."""
        return [actor for actor in self.actors.values() if actor.pid]

    def start(self, *names: str) -> None:
        """Start nodes side by side, and wait until all are ready."""
        for name in names:
            self.actor(name).launch()
        for name in names:
            self.actor(name).wait_ready()

    def kill(self, name: str) -> None:
        self.actors[name].kill()
        self.kills += 1

    def run(self, programs: Sequence[Program]) -> None:
        """Run programs of the shop to their end, a few side by side; they report to their node, alive or not."""
        for some in (programs[i : i + AT_ONCE] for i in range(0, len(programs), AT_ONCE)):
            for each in [self._start(program) for program in some]:
                status = each.wait()
                if status not in WELL_ENOUGH:
                    raise Broken(f"{each.output.stem} ended with {status}, not as it should{each.last_words()}")

    def command(self, names: Sequence[str], *arguments: str, given: str = "") -> list[str]:
        """Run `aggregator` as the operators of these nodes would, side by side; returns what each says.

        Raises `Broken` where one fails. What was said is kept nowhere: it may be an invitation.
        """
        running = [self._operate(self.actor(name), arguments, given) for name in names]
        for process in running:
            if process.wait():
                raise Broken(f"aggregator {' '.join(arguments)} fails{process.last_words()}")
        return [process.taken() for process in running]

    def did(self) -> dict[str, dict[str, int]]:
        """How often each bug has really happened, by node, as the programs wrote it down."""
        counts: dict[str, dict[str, int]] = {}
        for name in NODES:
            file = self._did / name
            for line in file.read_text().splitlines() if file.exists() else []:
                bug, times = line.split()
                own = counts.setdefault(bug, {})
                own[name] = own.get(name, 0) + int(times)
        return counts

    def write_end(self) -> Path:
        """The script that does later what leaving the stage would have done."""
        script = self.directory / "end"
        kills = "\n".join(f"kill -s KILL -- -{group}" for group in self._processes.running())
        script.write_text(f"#!/bin/sh\n{kills}\nrm -rf '{self.directory}'\n")
        script.chmod(0o700)
        return script

    def _operate(self, actor: Actor, arguments: Sequence[str], given: str) -> Process:
        told = (sys.executable, "-m", "node.cli", "--config", str(actor.config), *arguments)
        output = self._said / f"{actor.name}.{arguments[0]}"
        return self._processes.start(told, self.environment(), self.directory, output, given)

    def _start(self, program: Program) -> Process:
        actor = self.actor(program.node)
        told = {"AGGREGATOR_SOCKET": actor.ingest, "AGGREGATOR_SPOOL": actor.spool, "DEMO_DID": self._did / actor.name}
        own = {name: str(path) for name, path in told.items()} | {"PATH": os.defpath}
        environment = self.environment() | self.secrets.environment() | own
        return self._processes.start(program.arguments, environment, self._shop, self._said / f"{program.name}.log")


@contextmanager
def opened(keep: bool = False) -> Generator[Stage]:
    """A stage in a new directory. `keep`: leave it as it stands, if nothing interrupts it."""
    with taken_over() as interrupts:
        processes, left = Processes(interrupts), False
        near = tempfile.gettempdir() if len(tempfile.gettempdir()) < SHORT else SHORTEST
        directory = Path(tempfile.mkdtemp(prefix="aggregator-demo-", dir=near))
        try:
            with ExitStack() as held:
                yield Stage(directory, processes, held)
            left = keep
        finally:
            interrupts.end()
            if not left:
                processes.kill()
                shutil.rmtree(directory, ignore_errors=True)
