"""The table of severities."""

import builtins

import pytest

from aggregator.record import ErrorRecord, ExceptionInfo, Link
from aggregator.severity import is_error, severity_of

TABLE = [
    ("MemoryError", "", "critical"),
    ("numpy.core._exceptions._ArrayMemoryError", "Unable to allocate 3 GiB", "critical"),
    ("RecursionError", "maximum recursion depth exceeded", "critical"),
    ("SystemError", "error return without exception set", "critical"),
    ("SIGSEGV", "killed", "critical"),
    ("CalledProcessError", "Command 'x' died with <Signals.SIGSEGV: 11>.", "critical"),
    ("CalledProcessError", "Command 'x' died with <Signals.SIGTERM: 15>.", "medium"),
    ("Error", "Segmentation fault (core dumped)", "critical"),
    ("sqlite3.DatabaseError", "database disk image is malformed", "critical"),
    ("sqlite3.DatabaseError", "file is not a database", "critical"),
    ("psycopg2.errors.IndexCorrupted", "x", "critical"),
    ("sqlite3.OperationalError", "database is locked", "medium"),
    ("ImportError", "cannot import name 'x'", "high"),
    ("ModuleNotFoundError", "No module named 'x'", "high"),
    ("AssertionError", "", "high"),
    ("OSError", "[Errno 28] No space left on device: '/x'", "high"),
    ("OSError", "[Errno 5] Input/output error", "high"),
    ("OSError", "[Errno 55] No buffer space", "medium"),
    ("FileNotFoundError", "[Errno 2] No such file or directory: 'x'", "medium"),
    ("ValueError", "bad", "medium"),
    ("KeyError", "'id'", "medium"),
    ("DeprecationWarning", "old", "low"),
    ("KeyboardInterrupt", "", "low"),
    ("SystemExit", "1", "low"),
    ("asyncio.exceptions.CancelledError", "", "low"),
    ("trio.Cancelled", "", "low"),
    ("Error", "disk full", "medium"),
]


@pytest.mark.parametrize(("kind", "message", "severity"), TABLE)
def test_severity_by_type_and_message(kind: str, message: str, severity: str):
    assert severity_of(ErrorRecord(type=kind, message=message)) == severity
    assert severity_of(ErrorRecord(exceptions=[ExceptionInfo(kind)], message=message)) == severity


def test_every_builtin_exception_has_its_place():
    levels: dict[str, set[str]] = {"low": set(), "medium": set(), "high": set(), "critical": set()}
    for name, kind in vars(builtins).items():
        if isinstance(kind, type) and issubclass(kind, BaseException):
            levels[severity_of(ErrorRecord(type=name, message="x"))].add(name)
    assert levels["critical"] == {"MemoryError", "RecursionError", "SystemError"}
    assert levels["high"] == {"ImportError", "ModuleNotFoundError", "AssertionError"}
    stops = {"KeyboardInterrupt", "SystemExit", "GeneratorExit"}
    assert levels["low"] == stops | {name for name in vars(builtins) if name.endswith("Warning")}


@pytest.mark.parametrize(
    ("kind", "severity"),
    [("ValueError", "high"), ("MemoryError", "critical"), ("UserWarning", "low"), ("SystemExit", "low")],
)
def test_what_ended_the_process_is_high_unless_it_is_no_error(kind: str, severity: str):
    assert severity_of(ErrorRecord(type=kind, message="x", ended=True)) == severity


@pytest.mark.parametrize(
    ("kind", "severity"), [("ValueError", "low"), ("ImportError", "low"), ("MemoryError", "critical")]
)
def test_what_was_handled_and_reported_by_hand_is_low_unless_critical(kind: str, severity: str):
    assert severity_of(ErrorRecord(type=kind, message="x", handled=True)) == severity


def test_the_client_has_the_last_word():
    assert severity_of(ErrorRecord(type="MemoryError", message="x", severity="low")) == "low"
    assert severity_of(ErrorRecord(type="KeyboardInterrupt", message="x", severity="critical")) == "critical"


@pytest.mark.parametrize(("link", "severity"), [("cause", "critical"), ("member", "critical"), ("context", "medium")])
def test_the_worst_of_causes_and_members_decides_and_the_context_does_not(link: Link, severity: str):
    chain = [ExceptionInfo("AppError"), ExceptionInfo("MemoryError", link=link, parent=0)]
    assert severity_of(ErrorRecord(message="x", exceptions=chain, messages=["y"])) == severity


@pytest.mark.parametrize("kind", ["KeyboardInterrupt", "SystemExit", "asyncio.CancelledError", "GeneratorExit"])
def test_a_stop_that_was_asked_for_is_no_error(kind: str):
    assert not is_error(kind)


def test_a_broken_pipe_is_no_error_only_on_the_programs_own_output():
    assert is_error("BrokenPipeError")
    assert not is_error("BrokenPipeError", stdout_closed=True)
    assert is_error("ValueError", stdout_closed=True)
