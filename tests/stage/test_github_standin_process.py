"""Starting and stopping the stand-in: in this process, as a program, with its directory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trio

from node.demo.github.server import Options, serve
from tests.stage.standin import PATIENCE, ROOT


async def test_it_runs_inside_a_trio_program_on_a_clock_of_its_own():
    async with (
        serve(Options(clock=lambda: 1_800_000_000.0)) as standin,
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client,
    ):
        headers = {"Authorization": f"token {standin.token}"}
        place = f"{standin.url}/repos/{standin.repository}/issues"
        answer = await client.post(place, headers=headers, json={"title": "t"})
        assert answer.json()["created_at"] == "2027-01-15T08:00:00Z"
        assert standin.facts()["control"].startswith(standin.url)
    with pytest.raises(OSError, match="attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", int(standin.url.rpartition(":")[2]))


async def test_two_of_them_run_side_by_side():
    async with serve() as one, serve() as other:
        assert one.url != other.url
        assert one.token != other.token
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            foreign = await client.get(f"{other.url}/user", headers={"Authorization": f"token {one.token}"})
            assert foreign.status_code == 401


async def test_a_temporary_repository_is_gone_afterwards_and_a_named_one_stays(tmp_path: Path):
    async with serve() as standin:
        directory = standin.world.directory
        assert (directory / "acme-shop.git" / "HEAD").exists()
    assert not directory.exists()
    async with serve(Options(directory=tmp_path, repository="my/own")) as standin:
        assert standin.repository == "my/own"
    assert (tmp_path / "my-own.git" / "HEAD").exists()
    async with serve(Options(directory=tmp_path, repository="my/own")):
        pass


def test_tokens_are_not_in_its_representation():
    async def look() -> str:
        async with serve() as standin:
            return repr(standin) if standin.token not in repr(standin) else ""

    assert trio.run(look)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_program_cleanly(number: signal.Signals, tmp_path: Path):
    command = [sys.executable, "-m", "node.demo.github"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    ) as process:
        assert process.stdout is not None
        assert '"url"' in process.stdout.readline()
        process.send_signal(number)
        rest, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, rest, complaints) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_named_with_the_remedy():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "node.demo.github", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert port in done.stderr
    assert "--port" in done.stderr
