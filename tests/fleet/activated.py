"""A node whose sockets `systemd-socket-activate` holds, as systemd would: over every restart of the node.

That program becomes what it starts, so it starts a shell, which keeps the sockets open and starts one node after the
other. Who keeps the sockets is `keeper`; the node itself is known by the pid in its lock file.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

import msgspec

from tests.fleet.harness import PATIENCE, DaemonProcess
from tests.sender import Disconnected, Map, Sender, error, new_session, numbered

ONE = 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"'
KEEP = f"""while [ ! -e "$STOP" ]; do sh -c '{ONE}' sh "$@" || exit 1; done"""


class ActivatedNode(DaemonProcess):
    """As `DaemonProcess`; `restart` ends the node in order and waits until the next one works."""

    @property
    def control(self) -> Path:
        return self.directory / "control.sock"

    @property
    def node_pid(self) -> int:
        """0: there is none now."""
        try:
            return int((self.directory / "state" / "lock").read_text() or 0)
        except FileNotFoundError:
            return 0

    def start(self) -> None:
        given = {**self.environment, "STOP": str(self.directory / "stop")}
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *("systemd-socket-activate", "--fdname=ingest:control"),
                    *(f"--listen={self.socket}", f"--listen={self.control}"),
                    *(f"--setenv={name}={value}" for name, value in given.items()),
                    *("sh", "-c", KEEP, "sh", sys.executable, *self.program, "--config", str(self.config)),
                ],
                env=given,
                stdout=output,
                stderr=output,
                cwd=self.directory,
            )
        self._wait(self.control.exists, "keep its sockets")  # the last of them

    def restart(self) -> None:
        before, started = self.node_pid, self.starts()
        os.kill(before, signal.SIGTERM)
        self._wait(lambda: self.starts() > started, "start again")

    def starts(self) -> int:
        return sum("node started" in line for line in self.log_lines())

    def wait_started(self) -> Self:
        self._wait(lambda: self.starts() > 0, "start")
        return self

    def end(self) -> None:
        """The node, then who keeps its sockets."""
        (self.directory / "stop").touch()
        os.kill(self.node_pid, signal.SIGTERM)
        assert self._process is not None
        self._process.wait(PATIENCE)
        self._process = None

    def kill(self) -> None:
        if self._process is not None:
            (self.directory / "stop").touch()
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None
            if pid := self.node_pid:
                os.kill(pid, signal.SIGKILL)


@contextmanager
def sending(*senders: "Shells | Worker") -> Generator[None]:
    for each in senders:
        each.start()
    try:
        yield
    finally:
        for each in senders:
            each.stop()


class Shells(threading.Thread):
    """Programs that say one thing each, one after the other, until `stop`: as `nc` does, who never tries twice."""

    def __init__(self, path: Path, number: int) -> None:
        super().__init__()
        self.acknowledged = 0
        self.refused: list[str] = []
        self._path, self._line = path, msgspec.json.encode(error(number)) + b"\n"
        self._stop_it = threading.Event()

    def run(self) -> None:
        while not self._stop_it.is_set():
            answer = self._say()
            if answer.startswith('{"ack":1,'):
                self.acknowledged += 1
            else:
                self.refused.append(answer)
            time.sleep(0.002)  # no more than a machine with two processors starts programs

    def stop(self) -> None:
        self._stop_it.set()
        self.join()

    def _say(self) -> str:
        try:
            with closing(socket.socket(socket.AF_UNIX)) as sock:
                sock.settimeout(PATIENCE)
                sock.connect(str(self._path))
                sock.sendall(self._line)
                sock.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: sock.recv(4096), b"")).decode()
        except OSError as failed:
            return f"no answer: {failed}"


class Worker(threading.Thread):
    """One program with a session that reports again and again, until `stop`; sends anew what was not acknowledged."""

    def __init__(self, path: Path, number: int) -> None:
        super().__init__()
        self.acknowledged = 0
        self.refused: list[Map] = []
        self.connections = 0
        self._path, self._record = path, error(number)
        self._session = new_session()
        self._stop_it = threading.Event()

    def run(self) -> None:
        while not self._stop_it.is_set():
            try:
                self._converse()
            except Disconnected:
                time.sleep(0.01)

    def stop(self) -> None:
        self._stop_it.set()
        self.join()

    def _converse(self) -> None:
        sender = Sender(self._path, PATIENCE)
        self.connections += 1
        try:
            hello = sender.hello(self._session)
            if "error" in hello:
                raise Disconnected(str(hello))
            self.acknowledged = hello["next"] - 1
            while not self._stop_it.is_set():
                sender.send(*numbered([self._record] * 10, self.acknowledged + 1))
                for answer in sender.answers_to(self.acknowledged + 10):
                    self._note(answer)
        finally:
            sender.close()

    def _note(self, answer: Map) -> None:
        self.acknowledged = max(self.acknowledged, answer.get("ack", 0))
        self.refused += answer.get("refused", [])
        if "error" in answer:
            assert answer.get("retry"), answer
            raise Disconnected(str(answer))
