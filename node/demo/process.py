"""Processes of the demo: each in a session of its own, so that Ctrl-C reaches the demo alone, which ends them all."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from node.demo.interrupts import Interrupts

PATIENCE = 60.0  # seconds that anything may take before the demo gives up
LOOK_AGAIN = 0.02  # seconds between two looks
LAST_LINES = 8  # of an output, where something went wrong


class Broken(Exception):
    """The story cannot go on; the text says what did not happen, and what was said about it."""


class Process:
    """Started at once; what it prints goes to the file `output`. `given`: a line or two for its standard input."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, output: Path, given: str = ""
    ) -> None:
        self.output = output
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                list(arguments),
                env=dict(environment),
                cwd=cwd,
                stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
            )
        if self._process.stdin:
            with suppress(BrokenPipeError), self._process.stdin as stdin:  # where it has ended, its status says why
                stdin.write(given)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float = PATIENCE) -> int:
        """The exit status. Raises `Broken` where it does not end in time."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Broken(f"{self.output.stem} does not end{self.last_words()}") from None

    def kill(self) -> None:
        """SIGKILL to it and whatever it started; returns when it is gone."""
        if self.ended is None:  # else its number may be another's by now
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def taken(self) -> str:
        """All that it printed; the file is removed."""
        text = self.output.read_text(errors="replace")
        self.output.unlink()
        return text

    def last_words(self) -> str:
        lines = self.output.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "".join(f"\n  {line}" for line in lines)


class Processes:
    """Every process that was started, so that none is left behind."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._started: list[Process] = []

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, output: Path, given: str = ""
    ) -> Process:
        with self._interrupts.shielded():
            self._started = [each for each in self._started if each.ended is None]
            self._started.append(Process(arguments, environment, cwd, output, given))
            return self._started[-1]

    def running(self) -> list[int]:
        """Their numbers."""
        return [each.pid for each in self._started if each.ended is None]

    def kill(self) -> None:
        """All of them."""
        for each in self._started:
            each.kill()


def wait_until(true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Look until it is `true`. Raises `Broken` with `what` where that takes too long."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise Broken(f"{what}: not within {seconds:.0f} s")
        time.sleep(LOOK_AGAIN)
