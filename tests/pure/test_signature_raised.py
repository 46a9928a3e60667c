"""Exceptions that were really raised, by modules that stand elsewhere, are shifted, or live in another virtualenv."""

import sys
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, cast

import pytest

from aggregator.record import ErrorRecord, ExceptionInfo, Frame, Link
from aggregator.signature import sign

LIBRARY = """
def call(function, *arguments):
    return function(*arguments)
"""
PROGRAM = """
from thelibrary import call

def lookup(table, key):
    return table[key]

def lookups(table, keys):
    return [lookup(table, key) for key in keys]

def convert(text):
    try:
        return int(text)
    except ValueError as error:
        raise RuntimeError(f"cannot convert {text!r}") from error

def descend(n):
    if n == 0:
        raise OSError(5, "Input/output error", f"/data/{id(n)}")
    return descend(n - 1)

def endless(n=0):
    return endless(n + 1)

def several(values):
    errors = []
    for value in values:
        try:
            convert(value)
        except RuntimeError as error:
            errors.append(error)
    raise ExceptionGroup("conversion", errors)

def run(name, *arguments):
    return call(globals()[name], *arguments)
"""


def record(error: BaseException) -> ErrorRecord:
    """`error` as a client reports it."""
    exceptions: list[ExceptionInfo] = []
    messages: list[str] = []
    _add(error, "", 0, exceptions, messages)
    return ErrorRecord(message=messages[0], messages=messages[1:], exceptions=exceptions, type=type(error).__qualname__)


def _add(error: BaseException, link: Link, parent: int, exceptions: list[ExceptionInfo], messages: list[str]) -> None:
    index = len(exceptions)
    kind = type(error)
    exceptions.append(ExceptionInfo(kind.__qualname__, kind.__module__, link, parent, frames(error.__traceback__)))
    messages.append(str(error))
    if error.__cause__:
        _add(error.__cause__, "cause", index, exceptions, messages)
    elif error.__context__ and not error.__suppress_context__:
        _add(error.__context__, "context", index, exceptions, messages)
    if isinstance(error, BaseExceptionGroup):
        for member in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            _add(member, "member", index, exceptions, messages)


def frames(traceback: TracebackType | None) -> list[Frame]:
    found: list[Frame] = []
    while traceback:
        code: CodeType = traceback.tb_frame.f_code
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        found.append(Frame(code.co_qualname, module, code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return [frame for frame in found if frame.file != __file__][-200:]


def raised(
    root: Path, call: tuple[Any, ...], shift: int = 0, venv: str = "venv", program: str = PROGRAM
) -> ErrorRecord:
    """What `call` raises in a program at `root`, its lines shifted, its library in `venv`."""
    package = root / venv / "lib" / "python3.11" / "site-packages" / "thelibrary.py"
    source = root / "theprogram" / "work.py"
    for file, text in ((package, LIBRARY), (source, "\n" * shift + program)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    sys.path[:0] = [str(root), str(package.parent)]
    try:
        __import__("theprogram.work")
        sys.modules["theprogram.work"].run(*call)
    except Exception as error:
        return record(error)
    finally:
        del sys.path[:2]
        for name in ("theprogram.work", "theprogram", "thelibrary"):
            sys.modules.pop(name, None)
    raise AssertionError("nothing was raised")


CALLS: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = [
    (("lookup", {}, "a"), ("lookup", {}, "some other key")),
    (("lookups", {}, ["x"]), ("lookups", {"y": 1}, ["y", "z"])),
    (("convert", "abc"), ("convert", "x y z")),
    (("descend", 0), ("descend", 25)),
    (("endless", 0), ("endless", 1)),
    (("several", ["a", "b"]), ("several", ["c", "d", "e", "7"])),
]


@pytest.mark.parametrize(("here", "there"), CALLS, ids=lambda call: str(call[0]))
def test_the_same_bug_elsewhere_has_the_same_name(tmp_path: Path, here: tuple[Any, ...], there: tuple[Any, ...]):
    first = sign(raised(tmp_path / "alice" / "checkout", here))
    second = sign(raised(tmp_path / "bob" / "work" / "prog", there, shift=17, venv=".venvs/other"))
    assert first == second


def test_different_bugs_of_one_program_have_different_names(tmp_path: Path):
    names = {sign(raised(tmp_path / str(i), call)).name for i, (call, _) in enumerate(CALLS)}
    assert len(names) == len(CALLS)


def test_moving_a_raise_to_another_function_makes_another_name(tmp_path: Path):
    renamed = PROGRAM.replace("lookup(", "search(")
    assert sign(raised(tmp_path / "a", ("lookup", {}, "a"))).name != (
        sign(raised(tmp_path / "b", ("search", {}, "a"), program=renamed)).name
    )


def test_the_library_between_does_not_show(tmp_path: Path):
    error = raised(tmp_path, ("lookup", {}, "a"))
    assert any("site-packages" in frame.file for frame in error.exceptions[0].frames)
    assert sign(error).title == "KeyError: <q> in lookup"
