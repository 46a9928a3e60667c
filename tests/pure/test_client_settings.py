"""What is told, what a variable says, what is the default: in that order."""

import tomllib
from pathlib import Path

import pytest

import aggregator
from aggregator.client.backoff import MOST_SECONDS, Backoff
from aggregator.client.capture import Capture
from aggregator.client.fold import ABOVE, fold
from aggregator.client.settings import SYSTEM_SOCKET, Settings, socket_paths, spool_directory
from aggregator.client.surroundings import host_name


def test_an_argument_beats_a_variable_and_a_variable_the_default() -> None:
    environ = {"AGGREGATOR_SERVICE": "variable", "AGGREGATOR_LOG_LINES": "7", "AGGREGATOR_STACK_TRACE": "no"}
    given = Settings(service="told", log_lines=9, environ=environ)
    told, default = Settings(environ=environ), Settings(environ={})
    assert [given.service, told.service] == ["told", "variable"]
    assert [given.log_lines, told.log_lines, default.log_lines] == [9, 7, 100]
    assert [told.stack_trace, default.stack_trace] == [False, True]
    assert [given.on_absent, Settings(environ={"AGGREGATOR_ON_ABSENT": "drop"}).on_absent] == ["spool", "drop"]


@pytest.mark.parametrize(("lines", "kept"), [(-1, 0), (0, 0), (200, 200), (10**6, 1_000)])
def test_log_lines_are_bounded(lines: int, kept: int) -> None:
    assert Settings(log_lines=lines, environ={}).log_lines == kept


def test_the_socket_that_was_named_is_the_only_one() -> None:
    runtime = {"XDG_RUNTIME_DIR": "/run/user/7"}
    assert socket_paths(Settings(environ={"AGGREGATOR_SOCKET": "/x"}), runtime) == ["/x"]
    assert socket_paths(Settings(environ={}), runtime) == ["/run/user/7/error-aggregator/ingest.sock", SYSTEM_SOCKET]


def test_the_spool_is_where_it_was_told_to_be() -> None:
    assert spool_directory(Settings(spool="/s", environ={}), {}) == "/s"


def test_a_pseudonym_is_stable_and_tells_nothing() -> None:
    assert host_name("pseudonym", "db-1") == host_name("pseudonym", "db-1") != host_name("pseudonym", "db-2")
    assert "db" not in host_name("pseudonym", "db-1")
    assert [host_name("", "db-1"), host_name("blue", "db-1")] == ["db-1", "blue"]


def test_delays_grow_to_a_bound_and_start_again() -> None:
    backoff = Backoff()
    delays = [backoff.next(1.0) for _ in range(20)]
    assert delays == sorted(delays)
    assert delays[-1] == MOST_SECONDS
    backoff.reset()
    assert backoff.next(0.0) < 0.1


def test_equal_captures_fold_only_beyond_the_bound() -> None:
    def captures(count: int) -> list[Capture]:
        return [Capture(str(number), 0.0, "t", f"message {number % 2}", "E") for number in range(count)]

    assert len(fold(captures(ABOVE))) == ABOVE
    assert [(one.message, one.count) for one in fold(captures(ABOVE + 2))] == [
        ("message 0", ABOVE // 2 + 1), ("message 1", ABOVE // 2 + 1),
    ]  # fmt: skip


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert aggregator.__version__ == project["project"]["version"]
