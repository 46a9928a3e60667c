"""Starts many nodes that are expected to end by themselves, one after the other, each as a process of its own.

Run as a program, which imports the daemon once and forks for each configuration, so that a start costs milliseconds.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.fleet.harness import DaemonProcess

ENOUGH = 60  # seconds that one start may take; then it is ended by SIGALRM


class Ended(NamedTuple):
    """What became of a start: exit status (negative: the signal), and what a person reads who looks at the screen."""

    code: int
    said: list[str]  # lines on standard error that are no line of the log
    log: list[str]


def start_all(
    nodes: Mapping[str, DaemonProcess], wrap: Callable[[Sequence[str]], list[str]] = list
) -> dict[str, Ended]:
    """Start each node. `wrap`: what becomes of the command that starts them."""
    jobs = [(str(node.config), node.environment, str(node.output)) for node in nodes.values()]
    command = wrap([sys.executable, "-m", "tests.fleet.starter", json.dumps(jobs)])
    environment = next(iter(nodes.values())).environment
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, timeout=ENOUGH * len(jobs))
    codes = json.loads(done.stdout)
    return {name: _ended(code, node) for code, (name, node) in zip(codes, nodes.items(), strict=True)}


def _ended(code: int, node: DaemonProcess) -> Ended:
    lines = list(node.log_lines())
    log = [line for line in lines if line.startswith("timestamp=")]
    return Ended(code, [line for line in lines if line not in log], log)


def _run(config: str, environment: Mapping[str, str], output: Path) -> int:
    child = os.fork()
    if not child:
        _become_node(config, environment, output)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become_node(config: str, environment: Mapping[str, str], output: Path) -> None:
    """Never returns."""
    from node.__main__ import main

    signal.alarm(ENOUGH)
    os.environ.clear()
    os.environ.update(environment)
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    code = 1
    try:
        code = main(["--config", config])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    importlib.import_module("node.__main__")  # once, for all of them
    jobs: list[tuple[str, dict[str, str], str]] = json.loads(sys.argv[1])
    print(json.dumps([_run(config, environment, Path(output)) for config, environment, output in jobs]))
