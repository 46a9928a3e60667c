"""A thousand connections at a real node: who reports beside them is heard, and what they cost is bounded."""

import os
import resource
import socket
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from aggregator.limits import CONNECTIONS
from node.ingest.receive import TURNED_AWAY
from tests.fleet.harness import DaemonProcess
from tests.sender import Sender, error, frame, new_session, numbered

SIZE = 1_000  # connections
PATIENCE = 30.0  # seconds, so that a broken test ends
GROWTH = 48 * 1024 * 1024  # bytes: what memory may grow by under overload
LARGE = frame(error(1, logs=["x" * 1000] * 240))
DEAF = b'{"message":"x","type":"Deaf"}\n' * 1000


def memory(node: DaemonProcess) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{node.pid}/statm").read_text().split()[1]) * resource.getpagesize()


def descriptors(node: DaemonProcess) -> int:
    return len(os.listdir(f"/proc/{node.pid}/fd"))


@contextmanager
def crowd(node: DaemonProcess, data: bytes) -> Generator[None]:
    """Connections that all have sent `data`, as far as they could; those that were ended stay ended."""
    with ExitStack() as stack:
        for _ in range(SIZE):
            each = stack.enter_context(socket.socket(socket.AF_UNIX))
            each.connect(str(node.socket))  # waits while the queue of those that come is full
            each.settimeout(0.05)
            try:
                each.sendall(data)
            except OSError:  # it is not read any more, or was sent away
                continue
        yield


def report(node: DaemonProcess, records: int) -> None:
    """In one session, until all is acknowledged."""
    sender = Sender(node.socket, timeout=PATIENCE)
    sender.hello(new_session())
    sender.send(*numbered([error(1)] * records))
    assert sender.answers_to(records)[-1] == {"ack": records}
    sender.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Generator[DaemonProcess]:
    with DaemonProcess(Path(tmp_path_factory.mktemp("crowds"))) as node:
        report(node, 1000)
        yield node


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="that_say_nothing"),
        pytest.param(LARGE[:-1], id="in_the_middle_of_a_large_frame"),
        pytest.param(DEAF, id="that_fetch_no_answers", marks=pytest.mark.slow),  # a million records
    ],
)
def test_beside_a_thousand_connections(node: DaemonProcess, data: bytes) -> None:
    counted, was = sum(node.counts().values()), memory(node)
    before = descriptors(node)
    with crowd(node, data):
        report(node, 100)
        assert descriptors(node) <= before + CONNECTIONS + TURNED_AWAY
        assert memory(node) - was <= GROWTH
    end = time.monotonic() + PATIENCE
    while descriptors(node) > before:
        assert time.monotonic() < end, f"{descriptors(node)} descriptors, {before} before"
        time.sleep(0.05)
    assert sum(node.counts().values()) >= counted + 100
    report(node, 100)
