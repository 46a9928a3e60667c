"""`python -m node`: read the configuration, run the node until SIGTERM or SIGINT, say in one line why it cannot.

SIGHUP reads the configuration again, as `aggregator reload` does.
"""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import cast

import trio

from aggregator.redact import redact_value
from node import daemon, logs
from node.activation import passed_in
from node.clock import SystemClock
from node.config import ConfigError, Loaded, load
from node.fleet import FleetError
from node.identity import IdentityError
from node.ingest import SocketError
from node.manager import Manager, manager_in
from node.markerkey import MarkerKeyError
from node.network import NetworkError
from node.sockets import Passed
from node.store import StoreError

FOUND_A_PROBLEM = 1
WRONG_USAGE = 2
BUG = 70  # EX_SOFTWARE of sysexits.h; Python's own would be 1


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 it was told to stop, 1 it cannot run, 2 the configuration is wrong, 70 it failed by a bug."""
    parser = argparse.ArgumentParser(prog="python -m node", description="Run the node in the foreground.")
    parser.add_argument("--config", type=Path, help="configuration file (default: the standard places)")
    given = parser.parse_args(arguments)
    try:
        loaded = load(given.config, os.environ)
    except ConfigError as error:
        say(error)
        return WRONG_USAGE
    logs.configure(loaded.config.log.level, loaded.config.log.format, SystemClock(), redact_value)
    for warning in loaded.warnings:
        logs.log.warning("configuration", reason=warning)
    status = 0
    try:
        manager = manager_in(os.environ, os.getpid())
        trio.run(until_signal, loaded, passed_in(os.environ, os.getpid()), manager)
    except* (StoreError, IdentityError, MarkerKeyError, FleetError, NetworkError, SocketError) as errors:
        for error in leaves(errors):
            say(error)
        status = FOUND_A_PROBLEM
    except* Exception as errors:  # the last border: whoever restarts it can tell a bug from what an operator mends
        logs.log.critical("the node failed: report this as a bug", exc_info=errors)
        status = BUG
    return status


def say(error: BaseException) -> None:
    """One line on standard error, if that can be written at all."""
    with contextlib.suppress(OSError, AttributeError):  # it is None where there is none
        print(error, file=sys.stderr, flush=True)


async def until_signal(loaded: Loaded, passed: Passed, manager: Manager) -> None:
    """Run the node; the first signal to end stops it in order."""
    stop = trio.Event()
    again, reloads = trio.open_memory_channel[None](1)  # one that waits reads what the next would read
    async with trio.open_nursery() as nursery:
        await nursery.start(_obey_signals, stop, again)
        await daemon.run(loaded, stop, reloads=reloads, passed=passed, manager=manager)
        nursery.cancel_scope.cancel()


def leaves(error: BaseException) -> list[BaseException]:
    """The errors themselves, however deep they are grouped."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    group = cast("BaseExceptionGroup[BaseException]", error)
    return [leaf for each in group.exceptions for leaf in leaves(each)]


async def _obey_signals(
    stop: trio.Event,
    again: trio.MemorySendChannel[None],
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            if number != signal.SIGHUP:
                stop.set()
                continue
            with contextlib.suppress(trio.WouldBlock):
                again.send_nowait(None)


if __name__ == "__main__":
    sys.exit(main())
