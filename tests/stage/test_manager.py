"""What the service manager is told, on a real socket."""

import socket
import time
from collections.abc import Generator
from pathlib import Path
from typing import Self

import pytest
import trio

from node.manager import Manager, manager_in

NOW = 60.0  # seconds that something may take which is on its way


class Listener:
    """The service manager's end."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(60.0)
        self.address = str(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def until(self, what: str) -> list[str]:
        """All that is said, up to what begins with `what`."""
        said: list[str] = []
        while not said or not said[-1].startswith(what):
            said.append(self.socket.recv(4096).decode())
        return said

    def heard(self) -> list[str]:
        """All that was said until now."""
        out: list[str] = []
        self.socket.setblocking(False)
        try:
            while True:
                out.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return out

    async def wait(self, what: str) -> None:
        """Return when `what` is said."""
        with trio.fail_after(NOW):
            while not any(what in each for each in self.heard()):
                await trio.lowlevel.wait_readable(self.socket)


@pytest.fixture
def listener(tmp_path: Path) -> Generator[Listener]:
    with Listener(tmp_path / "notify") as made:
        yield made


def test_ready_reloading_and_stopping_are_said_in_the_protocol_of_systemd(listener: Listener):
    manager = manager_in({"NOTIFY_SOCKET": listener.address}, 1)
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    manager.ready()
    manager.reloading()
    manager.ready()
    manager.stopping()
    ready, reloading, again, stopping = (each.split("\n") for each in listener.heard())
    assert ready == again == ["READY=1"]
    assert reloading[0] == "RELOADING=1"
    assert before <= int(reloading[1].removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    assert stopping[0] == "STOPPING=1"
    assert stopping[1].startswith("STATUS=")


async def test_the_status_is_said_in_one_line_and_the_loop_says_that_it_lives(listener: Listener):
    manager = Manager(listener.address, watchdog=0.03)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(manager.run, lambda: "two\nlines")
        await listener.wait("STATUS=two lines")
        await listener.wait("WATCHDOG=1")
        await listener.wait("WATCHDOG=1")
        nursery.cancel_scope.cancel()


async def test_a_status_that_stays_the_same_is_said_once(listener: Listener):
    manager = Manager(listener.address, watchdog=0.03)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(manager.run, lambda: "the same")
        await listener.wait("STATUS=the same")
        await listener.wait("WATCHDOG=1")
        assert not [each for each in listener.heard() if "STATUS" in each]
        nursery.cancel_scope.cancel()


async def test_a_loop_that_is_stuck_says_nothing_and_goes_on_when_it_is_free(listener: Listener):
    manager = Manager(listener.address, watchdog=0.03)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(manager.run, lambda: "")
        await listener.wait("WATCHDOG=1")
        listener.heard()
        time.sleep(0.2)  # noqa: ASYNC251  # what computes for too long
        assert listener.heard() == []
        await listener.wait("WATCHDOG=1")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens-here", "vsock:2:1234"])
def test_where_nobody_listens_saying_does_no_harm(address: str):
    manager = manager_in({"NOTIFY_SOCKET": address} if address else {}, 1)
    manager.ready()
    manager.stopping()


async def test_without_a_manager_there_is_nothing_to_run():
    await Manager().run(lambda: "never asked")


def test_an_abstract_address_is_understood(tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{tmp_path}")
        manager_in({"NOTIFY_SOCKET": f"@{tmp_path}"}, 1).ready()
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_is_for_the_process_that_it_names(given: dict[str, str], seconds: float):
    assert manager_in({"NOTIFY_SOCKET": "/run/notify", **given}, 7).watchdog == seconds


def test_no_program_that_the_node_runs_can_speak_for_it():
    environment = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "7", "HOME": "/"}
    manager_in(environment, 7)
    assert environment == {"HOME": "/"}
