"""Sockets that a service manager passes: taken as they are, checked, and left to who made them."""

import fcntl
import os
import socket
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from node.activation import passed_in, remedy_of, unlike
from node.daemon import settle_places
from node.sockets import Bound, SocketError
from tests.stage.kit import places_in

ME = 4711
FIRST = 700  # far above what the tests themselves have open
Pass = Callable[..., dict[str, Bound]]


@pytest.fixture
def passing(tmp_path: Path) -> Generator[Pass]:
    """`passing((name, socket), …)` passes them as systemd would."""
    with ExitStack() as stack:

        def passing(*given: tuple[str, socket.socket | int], pid: int = ME) -> dict[str, Bound]:
            for number, (_, each) in enumerate(given):
                handle = each if isinstance(each, int) else each.fileno()
                assert fcntl.fcntl(handle, fcntl.F_DUPFD, FIRST + number) == FIRST + number
                stack.callback(close, FIRST + number)
            names = ":".join(name for name, _ in given)
            environment = {"LISTEN_PID": str(pid), "LISTEN_FDS": str(len(given)), "LISTEN_FDNAMES": names, "HOME": "/"}
            try:
                return passed_in(environment, ME, FIRST)
            finally:
                assert environment == {"HOME": "/"}

        yield passing


def close(handle: int) -> None:
    try:
        os.close(handle)
    except OSError:
        return


def stream(path: Path, listening: bool = True) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    if listening:
        sock.listen()
    return sock


def datagrams(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(path))
    return sock


def release(passed: dict[str, Bound]) -> None:
    for bound in passed.values():
        bound.close()


def test_sockets_are_known_by_their_names(tmp_path: Path, passing: Pass):
    with stream(tmp_path / "a") as one, datagrams(tmp_path / "b") as two, stream(tmp_path / "c") as three:
        passed = passing(("control", one), ("datagram", two), ("ingest", three))
        found = {role: bound.path for role, bound in passed.items()}
        release(passed)
    assert found == {"control": tmp_path / "a", "datagram": tmp_path / "b", "ingest": tmp_path / "c"}


@pytest.mark.parametrize("name", ["", "unknown", "error-aggregator.socket"])
def test_without_a_name_of_ours_the_kind_decides(tmp_path: Path, passing: Pass, name: str):
    with stream(tmp_path / "a") as one, datagrams(tmp_path / "b") as two:
        passed = passing((name, one), (name, two))
        release(passed)
    assert {role: bound.path for role, bound in passed.items()} == {
        "ingest": tmp_path / "a",
        "datagram": tmp_path / "b",
    }


def test_what_was_passed_to_another_process_is_not_ours(tmp_path: Path, passing: Pass):
    with stream(tmp_path / "a") as one:
        assert passing(("ingest", one), pid=ME + 1) == {}


def test_where_nothing_was_passed_nothing_is_taken():
    assert passed_in({}, ME) == {}


def test_a_passed_socket_does_not_wait_is_not_inherited_and_its_file_stays(tmp_path: Path, passing: Pass):
    with stream(tmp_path / "a") as one:
        passed = passing(("ingest", one))
        taken = passed["ingest"].socket
        assert not taken.getblocking()
        assert not os.get_inheritable(taken.fileno())
        release(passed)
        with socket.socket(socket.AF_UNIX) as program:
            program.connect(str(tmp_path / "a"))  # who made it still listens
    assert (tmp_path / "a").exists()


def test_the_kernel_says_who_sent_a_datagram_to_a_passed_socket(tmp_path: Path, passing: Pass):
    with datagrams(tmp_path / "b") as one:
        passed = passing(("datagram", one))
        assert passed["datagram"].socket.getsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED) == 1
        release(passed)


def test_what_does_not_fit_is_an_error_that_says_what_and_what_to_do(tmp_path: Path, passing: Pass):
    with (
        stream(tmp_path / "a", listening=False) as deaf,
        pytest.raises(SocketError, match=r"does not listen.*: check"),
    ):
        passing(("ingest", deaf))
    with datagrams(tmp_path / "b") as one, pytest.raises(SocketError, match="wrong kind, SOCK_DGRAM"):
        passing(("ingest", one))


def test_what_is_no_unix_socket_is_an_error(tmp_path: Path, passing: Pass):
    with socket.create_server(("127.0.0.1", 0)) as tcp, pytest.raises(SocketError, match="no Unix socket"):
        passing(("ingest", tcp))


def test_a_file_is_no_socket(tmp_path: Path, passing: Pass):
    with (tmp_path / "file").open("w") as file, pytest.raises(SocketError, match="is no socket"):
        passing(("ingest", file.fileno()))


def test_a_descriptor_that_is_not_there_is_an_error():
    with pytest.raises(SocketError, match="is not open"):
        passed_in({"LISTEN_PID": str(ME), "LISTEN_FDS": "1"}, ME, FIRST + 50)


def test_two_for_one_purpose_are_an_error(tmp_path: Path, passing: Pass):
    with stream(tmp_path / "a") as one, stream(tmp_path / "b") as two, pytest.raises(SocketError, match="a second"):
        passing(("ingest", one), ("ingest", two))


def test_a_socket_is_where_it_was_passed_whatever_the_settings_say(tmp_path: Path, passing: Pass):
    where = places_in(tmp_path)
    with stream(tmp_path / "elsewhere") as one:
        passed = passing(("ingest", one))
        settled = settle_places(where, passed)
        release(passed)
    assert settled == replace(where, ingest=tmp_path / "elsewhere", passed=frozenset({"ingest"}))


def test_a_passed_socket_that_is_not_as_configured_is_told_with_its_unit(tmp_path: Path, passing: Pass):
    with stream(tmp_path / "a") as one, datagrams(tmp_path / "b") as two:
        passed = passing(("ingest", one), ("datagram", two))
        (tmp_path / "a").chmod(0o660)
        (tmp_path / "b").chmod(0o666)
        both, second, group = unlike(passed, 0o600, ""), unlike(passed, 0o660, ""), unlike(passed, 0o660, "nogroup")
        (tmp_path / "b").chmod(0o660)
        assert unlike(passed, 0o660, "") == ""
        release(passed)
    assert f"{tmp_path / 'a'} has mode 0660 (by the settings 0600), {tmp_path / 'b'} has mode 0666" in both
    assert "systemctl edit error-aggregator.socket error-aggregator-datagram.socket" in both
    assert "systemctl edit error-aggregator-datagram.socket`" in second
    assert str(tmp_path / "a") not in second
    assert "(by the settings 0660 and nogroup)" in group
    assert not any("\n" in told for told in (both, second, group))


def test_the_sockets_of_a_user_have_units_of_that_user():
    assert "systemctl --user edit error-aggregator.socket" in remedy_of({"ingest": Path("/run/user/7/x/ingest.sock")})


@pytest.mark.parametrize("count", ["many", "-1", "17", "99999999999"])
def test_a_number_that_cannot_be_is_an_error(count: str):
    with pytest.raises(SocketError, match="expected a number of at most 16"):
        passed_in({"LISTEN_PID": str(ME), "LISTEN_FDS": count}, ME, FIRST)
