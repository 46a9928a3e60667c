"""Run a command as if we were not there, and report how it ended if it did not end well.

Standard input and output are the command's own. Its standard error goes through us, unchanged and at once, so that
the last lines can be kept. Ctrl-C is the command's to handle; SIGTERM and SIGHUP are passed on to it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque

from aggregator import limits
from aggregator.client import api
from aggregator.client.capture import Answer
from aggregator.client.surroundings import command_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from types import FrameType
    from typing import Any

NOT_FOUND, NOT_RUNNABLE, BY_SIGNAL = 127, 126, 128  # as shells say it
READ_BYTES = 64 * 1024
TAIL_BYTES = 256 * 1024  # of the command's stderr; more than the lines we keep

# Somebody stopped the command, or nobody read its output: no errors.
STOPS = frozenset((signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE))
PASSED_ON = (signal.SIGTERM, signal.SIGHUP)
CTRL_C_STATUS = BY_SIGNAL + signal.SIGINT  # a command that handled Ctrl-C and says so


def run(argv: Sequence[str], *, service: str | None = None) -> int:
    """Run `argv`; answers its exit status, or 128 + the number of the signal that ended it. For the main thread.

    A status other than 0 is reported with the last lines of its standard error, and the notice is printed. The type
    of the record is `ExitStatus`, or `FatalSignal` (critical) where a signal ended the command.
    """
    tail = Tail()
    started = time.monotonic()
    try:
        status = _run(argv, tail)
    except OSError as error:
        sys.stderr.write(f"aggregator exec: {argv[0]}: {error.strerror}\n")
        status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE
        tail.feed(f"{argv[0]}: {error.strerror}".encode())
    if is_failure(status):
        _report(argv, status, tail, time.monotonic() - started, service)
    return status if status >= 0 else BY_SIGNAL - status


def is_failure(status: int) -> bool:
    """Whether an exit status (negative: a signal) is an error and no stop."""
    return status not in (0, CTRL_C_STATUS) and -status not in STOPS


def describe(name: str, status: int) -> tuple[str, str]:
    """Type and message of how the command `name` ended."""
    if status == NOT_FOUND:
        return "ExitStatus", f"command '{name}' not found (exit status {NOT_FOUND})"
    if status >= 0:
        return "ExitStatus", f"command '{name}' exited with status {status}"
    try:
        return "FatalSignal", f"command '{name}' was ended by {signal.Signals(-status).name}"
    except ValueError:  # a real-time signal has no name
        return "FatalSignal", f"command '{name}' was ended by signal {-status}"


class Tail:
    """The last lines of a stream, bounded in lines and bytes."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._bytes = 0

    def feed(self, data: bytes) -> None:
        """Add what was read; the oldest makes room."""
        self._chunks.append(data)
        self._bytes += len(data)
        while self._bytes - len(self._chunks[0]) >= TAIL_BYTES:
            self._bytes -= len(self._chunks.popleft())

    def lines(self, count: int) -> list[str]:
        """The last `count` lines."""
        text = b"".join(self._chunks).decode("utf-8", "replace")
        return text.splitlines()[-min(count, limits.LOG_LINES) :] if count else []


def _run(argv: Sequence[str], tail: Tail) -> int:
    with _signals() as started:
        # A list of arguments, never a shell: this is the command that the user gave.
        process = subprocess.Popen(list(argv), stderr=subprocess.PIPE, bufsize=0)  # noqa: S603
        started(process)
        stream = process.stderr
        assert stream is not None
        with stream:
            while _readable(stream.fileno(), process.pid) and (data := os.read(stream.fileno(), READ_BYTES)):
                tail.feed(data)
                with contextlib.suppress(OSError):  # our own stderr is closed: the command runs on
                    _write_all(data)
        return process.wait()


def _readable(stream: int, pid: int) -> bool:
    """Wait until there is something to read, or nothing more to come: of the command, whatever it left running."""
    try:
        ended = os.pidfd_open(pid)
    except (OSError, AttributeError):  # an old kernel: until the last writer has closed the pipe
        return True
    try:
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        poll.register(ended, select.POLLIN)
        return any(descriptor == stream for descriptor, _ in poll.poll())
    finally:
        os.close(ended)


def _write_all(data: bytes) -> None:
    while data:
        data = data[os.write(2, data) :]


@contextlib.contextmanager
def _signals() -> Generator[Callable[[subprocess.Popen[bytes]], None]]:
    """Leave Ctrl-C to the command and pass on what is sent to us alone, also what came before it had started.

    Handlers, not `SIG_IGN`, which the command would inherit; what is ignored already stays so, for the command too.
    """
    running: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        if number in PASSED_ON:
            running[0].send_signal(number) if running else early.append(number)

    def started(process: subprocess.Popen[bytes]) -> None:
        running.append(process)
        for number in early:
            process.send_signal(number)

    taken = [number for number in (signal.SIGINT, *PASSED_ON) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in taken}
    try:
        yield started
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(argv: Sequence[str], status: int, tail: Tail, seconds: float, service: str | None) -> None:
    name = os.path.basename(argv[0])
    if api.installed() is None:
        api.install(service or name, hooks=())
    client = api.installed()
    if client is None:
        return
    kind, message = describe(name, status)
    options: dict[str, Any] = {"severity": "critical"} if status < 0 else {}
    context = {**command_context(argv), "exit_status": status, "seconds": round(seconds, 3)}
    answer = Answer()
    lines = tail.lines(client.settings.log_lines)
    if client.report(message, type=kind, context=context, logs=lines, answer=answer, ended=True, **options):
        client.tell(answer)
