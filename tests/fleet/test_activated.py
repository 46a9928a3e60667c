"""Sockets that outlive the node: nobody is refused while it restarts, and every record is counted, once."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from node.control.client import Client
from tests.fleet.activated import ActivatedNode, Shells, Worker, sending
from tests.fleet.harness import DaemonProcess
from tests.fleet.shop import eventually
from tests.stage.test_manager import Listener

NEEDS = "systemd is not installed: apt-get install systemd (a running one is not needed)"
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason=NEEDS)


@needs_systemd
@pytest.mark.parametrize("restarts", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_while_the_node_restarts_no_record_is_refused_and_all_are_counted(tmp_path: Path, restarts: int) -> None:
    with ActivatedNode(tmp_path) as node:
        inodes = node.socket.stat().st_ino, node.control.stat().st_ino
        one, other, worker = Shells(node.socket, 1), Shells(node.socket, 1), Worker(node.socket, 2)
        with sending(one, other, worker):  # the first connection is what the node is started for
            node.wait_started()
            for _ in range(restarts):
                node.restart()
            eventually(lambda: min(one.acknowledged, other.acknowledged, worker.acknowledged), "all were heard")
        assert (one.refused, other.refused, worker.refused) == ([], [], [])
        assert worker.connections > restarts
        shown = Client(node.control).status()
        node.end()
        assert shown.refused == {}
        assert sorted(node.counts().values()) == sorted([one.acknowledged + other.acknowledged, worker.acknowledged])
        assert (node.socket.stat().st_ino, node.control.stat().st_ino) == inodes
        assert sum('passed="control ingest"' in line for line in node.log_lines()) == restarts + 1


def test_a_socket_that_does_not_fit_ends_the_node_with_one_line(tmp_path: Path) -> None:
    node = DaemonProcess(tmp_path)
    command = [sys.executable, "-c", PASS_A_DEAF_SOCKET, "-m", "node", "--config", str(node.config)]
    done = subprocess.run(command, env=node.environment, capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "which was passed to this node, does not listen" in line


PASS_A_DEAF_SOCKET = """
import os, socket, sys
deaf = socket.socket(socket.AF_UNIX)
os.dup2(deaf.fileno(), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "LISTEN_FDNAMES": "ingest"}
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_the_service_manager_is_told_of_start_reload_and_end(tmp_path: Path) -> None:
    with Listener(tmp_path / "notify") as manager:
        rarely = "60000000"  # microseconds: the queue of a socket is short, and what finds no room there is lost
        told = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": rarely}
        with DaemonProcess(tmp_path, environment=told) as node:
            assert manager.until("READY=1")[-1] == "READY=1"
            with socket.socket(socket.AF_UNIX) as program:
                program.connect(str(node.socket))  # ready is ready
            assert "STATUS=alone; 0 errors; 0 records, 0 refused; files nothing" in manager.until("WATCHDOG=1")
            os.kill(node.pid, signal.SIGHUP)
            assert manager.until("RELOADING=1")[-1].startswith("RELOADING=1\nMONOTONIC_USEC=")
            manager.until("READY=1")
            assert node.stop() == 0
            assert manager.until("STOPPING=1")
