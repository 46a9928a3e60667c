"""How the daemon's process ends: told to stop, cannot run, or by a bug; and what is said of it."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

from node import __main__ as main
from node.store import StoreError, Trouble


def ends(monkeypatch: pytest.MonkeyPatch, directory: Path, error: Exception | None) -> int:
    """The status of a node that fails so, or of one that gets a signal."""

    async def run(_loaded: object, stop: trio.Event, **_more: Any) -> None:
        if error:
            raise error
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()

    monkeypatch.setattr(main.daemon, "run", run)
    (directory / "config.toml").write_text("")
    try:
        return main.main(["--config", str(directory / "config.toml")])
    finally:
        structlog.reset_defaults()


def test_a_signal_to_end_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert ends(monkeypatch, tmp_path, None) == 0


def test_what_an_operator_can_mend_is_one_line_and_a_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    error = StoreError(Trouble.FULL, tmp_path)
    assert ends(monkeypatch, tmp_path, error) == main.FOUND_A_PROBLEM
    assert capfd.readouterr().err == f"{error}\n"


def test_a_bug_is_told_with_its_traceback_and_has_another_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ends(monkeypatch, tmp_path, ZeroDivisionError("by nobody")) == main.BUG
    told = capfd.readouterr().err
    assert "report this as a bug" in told
    assert "ZeroDivisionError: by nobody" in told
    assert len(told.splitlines()) == 1
