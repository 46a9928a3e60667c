"""What keeps a node from starting: one line that names the place and the remedy, and a status of its own.

All of them start as a user without root's powers, so that an owner or a mode counts. Nothing of what is there is lost:
a database that is refused is not touched.
"""

import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from node.sockets import bind
from node.store.database import open_writer
from node.store.lock import hold
from node.store.pages import put
from tests.fleet.founding import Founded
from tests.fleet.harness import PATIENCE, DaemonProcess
from tests.fleet.starter import Ended, start_all
from tests.sender import Sender, error, new_session, numbered
from tests.stage.powers import without_powers
from tests.stage.test_store import first_version, page

CANNOT_RUN, WRONG_CONFIGURATION = 1, 2
Held = ExitStack
Prepare = Callable[[DaemonProcess, Held], object]
STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
PAGE = 4096  # bytes of the database


class Case(NamedTuple):
    prepare: Prepare
    place: str  # what is named, below the node's directory
    trouble: str
    remedy: str
    code: int = CANNOT_RUN


def database(node: DaemonProcess) -> sqlite3.Connection:
    """A database with something in it, closed by whoever asked for it."""
    node.database.parent.mkdir(mode=0o700, exist_ok=True)
    connection = open_writer(node.database)
    connection.execute("BEGIN")
    put([page(number) for number in range(300)])(connection)
    connection.execute("COMMIT")
    return connection


def changed(change: Callable[[Path], object]) -> Prepare:
    """Something happened to the database of a node that is down."""

    def prepare(node: DaemonProcess, _held: Held) -> None:
        database(node).close()
        change(node.database)

    return prepare


def overwritten(start: int, end: int) -> Prepare:
    """Garbage from page `start` to page `end`."""

    def change(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: start * PAGE] + b"\xd5" * ((end - start) * PAGE) + data[end * PAGE :])

    return changed(change)


def sql(statement: str) -> Prepare:
    def prepare(node: DaemonProcess, _held: Held) -> None:
        with closing(database(node)) as connection:
            connection.execute(statement)

    return prepare


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE fruit (name TEXT)")


def in_use(node: DaemonProcess, held: Held) -> None:
    node.database.parent.mkdir()
    held.callback(os.close, hold(node.database.parent))


def read_only(node: DaemonProcess, held: Held) -> None:
    node.database.parent.mkdir()
    node.database.parent.chmod(0o500)


def read_only_above(node: DaemonProcess, held: Held) -> None:
    node.config.write_text(node.config.read_text().replace("/state", "/above/state"))
    (node.directory / "above").mkdir(mode=0o500)


def a_file(name: str) -> Prepare:
    return lambda node, _held: (node.directory / name).write_text("precious")


def unreadable(name: str) -> Prepare:
    def prepare(node: DaemonProcess, _held: Held) -> None:
        node.database.parent.mkdir()
        (node.database.parent / name).write_bytes(b"k" * 32)
        (node.database.parent / name).chmod(0)

    return prepare


def listener(name: str, kind: socket.SocketKind) -> Prepare:
    """A program that is no node, and lives."""

    def prepare(node: DaemonProcess, held: Held) -> None:
        sock = held.enter_context(socket.socket(socket.AF_UNIX, kind))
        sock.bind(str(node.directory / name))
        if kind == STREAM:
            sock.listen()

    return prepare


def another_node(name: str) -> Prepare:
    return lambda node, held: held.callback(bind(node.directory / name, STREAM, 0o600).close)


def port_in_use(node: DaemonProcess, held: Held) -> None:
    taken = held.enter_context(socket.create_server(("127.0.0.1", 0)))
    setting(f'[control]\nmetrics = "127.0.0.1:{taken.getsockname()[1]}"\n')(node, held)


def port_of_the_network_in_use(node: DaemonProcess, held: Held) -> None:
    taken = held.enter_context(socket.create_server(("127.0.0.1", 0)))
    node.environment["AGGREGATOR_NETWORK_LISTEN"] = f"/ip4/127.0.0.1/tcp/{taken.getsockname()[1]}"
    node.environment["AGGREGATOR_NETWORK_ENABLED"] = "yes"


def setting(text: str) -> Prepare:
    return lambda node, _held: node.config.write_text(node.config.read_text() + text)


def variable(name: str, value: str) -> Prepare:
    return lambda node, _held: node.environment.update({name: value})


DAMAGED = "restore a backup"
CASES = {
    "read-only directory": Case(read_only, "state/lock", "cannot be written", "owner and mode"),
    "read-only directory above": Case(read_only_above, "above/state", "cannot be written", "owner and mode"),
    "a file in place of the directory": Case(a_file("state"), "state", "cannot be written", "owner and mode"),
    "read-only database": Case(
        changed(lambda path: path.chmod(0o400)), "state/state.db", "cannot be", "owner and mode"
    ),
    "unreadable database": Case(changed(lambda path: path.chmod(0)), "state/state.db", "cannot be", "owner and mode"),
    "damaged head": Case(overwritten(0, 1), "state/state.db", "is damaged", DAMAGED),
    "damaged in the middle": Case(overwritten(10, 20), "state/state.db", "is damaged", DAMAGED),
    "cut short": Case(changed(lambda path: os.truncate(path, 12 * PAGE)), "state/state.db", "is damaged", DAMAGED),
    "emptied": Case(
        changed(lambda path: os.truncate(path, 0)), "state/state.db", "no database of this", "move it away"
    ),
    "of another program": Case(changed(of_another_program), "state/state.db", "no database of this", "move it away"),
    "without a version": Case(sql("DELETE FROM version"), "state/state.db", "no database of this", "move it away"),
    "newer": Case(sql("UPDATE version SET number = 99"), "state/state.db", "by a newer version", "upgrade this node"),
    "in use": Case(in_use, "state", "another node uses this directory", f"process {os.getpid()}"),
    "key of somebody else": Case(unreadable("key"), "state/key", "cannot be read", "check its owner"),
    "marker key of somebody else": Case(unreadable("marker.key"), "state/marker.key", "cannot be", "check its owner"),
    "a file in place of a socket": Case(a_file("ingest.sock"), "ingest.sock", "no socket", "remove it"),
    "ingest socket of a program": Case(listener("ingest.sock", STREAM), "ingest.sock", "listens", "stop it"),
    "ingest socket of a node": Case(another_node("ingest.sock"), "ingest.sock", "another node listens", "stop it"),
    "datagram socket of a program": Case(listener("datagram.sock", DATAGRAM), "datagram.sock", "listens", "stop it"),
    "socket of another kind": Case(listener("ingest.sock", DATAGRAM), "ingest.sock", "listens", "stop it"),
    "control socket of a program": Case(listener("control.sock", STREAM), "control.sock", "listens", "stop it"),
    "port in use": Case(port_in_use, "", "cannot listen on 127.0.0.1", "choose another"),
    "port of the network in use": Case(
        port_of_the_network_in_use, "", "cannot listen: on /ip4/127.0.0.1/tcp", "choose another port"
    ),
    "unknown group": Case(variable("AGGREGATOR_INGEST_GROUP", "no-such-group"), "", "no group", "create it"),
    "wrong setting": Case(
        setting("[bundle]\nthreshold = 0\n"), "config.toml:12", "is 0", "expected a whole number", WRONG_CONFIGURATION
    ),
    "wrong variable": Case(
        variable("AGGREGATOR_LOG_LEVEL", "loud"), "", 'AGGREGATOR_LOG_LEVEL: log.level is "loud"', "expected one of", 2
    ),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, founded: Founded) -> Generator[dict[str, tuple[Path, Ended]]]:
    """Where each case was tried, and what came of it."""
    nodes: dict[str, DaemonProcess] = {}
    with ExitStack() as held:
        for number, (name, case) in enumerate(CASES.items()):
            nodes[name] = DaemonProcess(tmp_path_factory.mktemp(f"n{number}-", numbered=False))
            if case.prepare is port_of_the_network_in_use:
                founded.copy("alice", nodes[name].directory)
            case.prepare(nodes[name], held)
        done = start_all(nodes, without_powers)
    yield {name: (node.directory, done[name]) for name, node in nodes.items()}
    for node in nodes.values():
        for path in node.directory.rglob("*"):
            path.chmod(0o700)
        shutil.rmtree(node.directory)


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_run_ends_with_one_line_that_names_place_and_remedy(
    name: str, ended: dict[str, tuple[Path, Ended]]
) -> None:
    case, (directory, done) = CASES[name], ended[name]
    assert (done.code, len(done.said)) == (case.code, 1), (done.said, done.log)
    for words in (str(directory / case.place) if case.place else "", case.trouble, case.remedy):
        assert words in done.said[0]
    assert not any("level=critical" in line for line in done.log)


def test_what_is_refused_is_not_touched(ended: dict[str, tuple[Path, Ended]]) -> None:
    newer, _ = ended["newer"]
    with closing(sqlite3.connect(newer / "state" / "state.db")) as connection:
        assert connection.execute("SELECT version.number, count(*) FROM version, pages").fetchall() == [(99, 300)]
    assert not list((newer / "state").glob("*.backup"))
    assert (ended["a file in place of a socket"][0] / "ingest.sock").read_text() == "precious"
    assert (ended["a file in place of the directory"][0] / "state").read_text() == "precious"
    socket_of_a_program = ended["ingest socket of a program"][0] / "ingest.sock"
    assert socket_of_a_program.is_socket()


# What does not keep it from starting.


def send(node: DaemonProcess, session: bytes, kinds: range) -> int:
    """Send one record of each kind from where the node is in this session, which is returned."""
    with closing(Sender(node.socket, PATIENCE)) as sender:
        following = sender.hello(session)["next"]
        sender.send(*numbered([error(number) for number in kinds])[following - 1 :])
        assert sender.answers_to(len(kinds))[-1] == {"ack": len(kinds)}
    return following


def test_a_log_that_was_cut_short_costs_what_was_cut_off_and_counts_nothing_twice(tmp_path: Path) -> None:
    session, kinds = new_session(), range(1, 200)
    with DaemonProcess(tmp_path) as node:
        log = node.database.with_name("state.db-wal")
        send(node, session, kinds[:100])
        good = log.stat().st_size
        send(node, session, kinds)
        node.kill()
        os.truncate(log, good + 100)  # bytes: within what was written next
        node.start()
        assert send(node, session, kinds) == 101  # the rest is gone, and its sender is told from where on
        assert node.counts() == dict.fromkeys(node.counts(), 1)
        assert len(node.counts()) == len(kinds)


def test_sockets_that_a_dead_program_left_and_a_database_of_the_version_before_are_taken_over(tmp_path: Path) -> None:
    node = DaemonProcess(tmp_path)
    node.database.parent.mkdir(mode=0o700)
    first_version(node.database.parent)
    for name, kind in (
        ("ingest", STREAM),
        ("datagram", DATAGRAM),
        ("control", STREAM),
    ):
        with socket.socket(socket.AF_UNIX, kind) as left:
            left.bind(str(tmp_path / f"{name}.sock"))
    with node:
        with closing(Sender(node.socket, PATIENCE)) as sender:
            assert sender.hello(b"\x01" * 16)["next"] == 4
            sender.send(*numbered([error(1)], 4))
            assert sender.answer() == {"ack": 4}
        assert node.stop() == 0
    assert (node.database.parent / "state.db.v1.backup").stat().st_mode & 0o777 == 0o600
