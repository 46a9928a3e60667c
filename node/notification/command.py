"""A notification handed to a program: without a shell, with an end, and with nothing of this process.

The program runs in a session of its own, so that all that it started can be ended with it when its time is up. It
gets the notification on standard input and a few harmless variables: none of the node's tokens. What it writes to
standard error is kept as far as a log line goes, without secrets (its own arguments among them); the rest is thrown
away. It is run once: whether a program that failed has done its work nobody knows but itself.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

import trio

from aggregator.redact import REDACTED, redact_text
from node.notification.hidden import secrets_of

OUTPUT_BYTES = 4096  # of standard error that are kept
OUTPUT_CHARS = 300  # of these, for the reason; cut when secrets are out, for half of one is not known as one
CHUNK = 16 * 1024  # bytes
VARIABLES = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


async def run(command: Sequence[str], given: bytes, seconds: float, environment: Mapping[str, str]) -> str | None:
    """Run `command` with `given` on standard input. Returns why it did not do it; None: it did."""
    try:
        process = await trio.lowlevel.open_process(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd="/",
            env={name: environment[name] for name in VARIABLES if name in environment},
        )
    except (OSError, ValueError) as error:
        return f"{command[0]} cannot be started ({getattr(error, 'strerror', None) or error})"
    said = bytearray()
    with trio.move_on_after(seconds) as scope:
        try:
            await _talk(process, given, said)
        finally:
            await _end(process)
    if scope.cancelled_caught:
        return f"{command[0]} did not end within {seconds:g} s and was killed"
    if process.returncode:
        words = without_secrets(bytes(said).decode(errors="replace").strip(), command)[:OUTPUT_CHARS]
        return f"{command[0]} ended with status {process.returncode}" + (f": {words}" if words else "")
    return None


def without_secrets(text: str, command: Sequence[str]) -> str:
    """`text` without secrets, and without those that `command` was given: a program likes to repeat them."""
    for secret in secrets_of(command):
        text = text.replace(secret, REDACTED)
    return redact_text(text)


async def _talk(process: trio.Process, given: bytes, said: bytearray) -> None:
    """Until the program has ended, though something that it started may still hold its output."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_feed, process, given)
        nursery.start_soon(_listen, process, said)
        await process.wait()
        nursery.cancel_scope.deadline = trio.current_time() + 0.1  # what it said last is on its way


async def _feed(process: trio.Process, given: bytes) -> None:
    assert process.stdin
    with contextlib.suppress(trio.BrokenResourceError):  # it need not read
        async with process.stdin:
            await process.stdin.send_all(given)


async def _listen(process: trio.Process, said: bytearray) -> None:
    assert process.stderr
    async with process.stderr:
        while chunk := await process.stderr.receive_some(CHUNK):
            said += chunk[: OUTPUT_BYTES - len(said)]


async def _end(process: trio.Process) -> None:
    """Kill all of its session that is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with trio.CancelScope(shield=True):
        await process.wait()
