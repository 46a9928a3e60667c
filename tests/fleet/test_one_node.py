"""One real node, driven by the command line alone, against the GitHub stand-in: from a report to its issue."""

import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from tests.fleet.fleet import until
from tests.fleet.harness import NO_TICKS
from tests.stage.run_cli import Home, Ran
from tests.stage.standin import Hub, started
from tests.stage.test_cli import files_with

PATIENCE = 120.0  # seconds until a node listens, or has ended


@asynccontextmanager
async def running(home: Home) -> AsyncGenerator[trio.Process]:
    """`aggregator node` as a process, until it is told to stop."""
    command = [sys.executable, "-m", "node.cli", "--config", str(home.config), "node"]
    log = home.path / "log"
    with log.open("wb") as err:
        process = await trio.lowlevel.open_process(
            command, env=home.environment(), stderr=err, stdin=subprocess.DEVNULL
        )
    try:
        with trio.fail_after(PATIENCE):
            while not home.ingest.exists():
                assert process.returncode is None, log.read_text()
                await trio.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        with trio.fail_after(PATIENCE):
            assert await process.wait() == 0, log.read_text()


def home_of(hub: Hub, path: Path) -> Home:
    home = Home(path, AGGREGATOR_NETWORK_ENABLED="false", GITHUB_TOKEN=hub.token)
    home.config.write_text(f'[github]\napi_url = "{hub.url}"\n[bundle]\ninterval = "{NO_TICKS}"\n')
    return home


def log_of(home: Home) -> str:
    return (home.path / "log").read_text()


def writes(hub: Hub) -> list[str]:
    return [each["title"] for each in hub.get("issues?state=all").json()]


async def test_three_reports_become_one_issue_and_a_restart_none_more(tmp_path: Path):
    with started() as hub:
        home = home_of(hub, tmp_path)
        async with running(home):
            for number in range(3):
                ran = await home.run(
                    "report", f"order {number} has no owner", "--type", "ValueError", "--service", "shop"
                )
                assert ran.code == 0, ran.err
            assert (await home.run("bundle", "--now", "--json")).json["created"] == 0
            assert writes(hub) == []  # nothing outward before it was switched on

            assert "node: reloaded" in (await home.run("enable", "--github-repo", hub.repository)).out
            filed = await home.run("bundle", "--now", "--json")
            assert filed.json["calls"] >= 3  # the list, the claim, the issue
            assert filed.json["created"] == 1, filed.out + log_of(home)
            (row,) = (await home.run("errors", "--json")).json
            assert (row["state"], row["count"], row["issue"]["repository"]) == ("filed", 3, hub.repository)
            again = await home.run("report", "order 9 has no owner", "--type", "ValueError")
            assert row["issue"]["url"] in again.out
            assert "filed" in (await home.run("explain", row["signature"])).out

        async with running(home):
            again = (await home.run("errors", "--json")).json
            assert (again[0]["count"], again[0]["issue"]) == (4, row["issue"])
            assert (await home.run("bundle", "--now", "--json")).json["created"] == 0
        assert len(writes(hub)) == 1


NOTICE = "has been automatically reported: queued"


async def test_exec_reports_and_a_mute_holds_across_a_restart(tmp_path: Path):
    with started() as hub:
        home = home_of(hub, tmp_path)
        async with running(home):
            assert (await home.run("enable", "--github-repo", hub.repository)).code == 0
            ran: list[Ran] = []
            while len(ran) < 3 or not any(NOTICE in each.err for each in ran):  # it waits 200 ms for it, not longer
                ran.append(await home.run("exec", "--", sys.executable, "-c", "raise SystemExit(4)"))
                assert ran[-1].code == 4
                assert len(ran) < 20

            async def counted() -> bool:
                return (await home.run("errors", "--json")).json[0]["count"] == len(ran)

            await until(counted, PATIENCE)  # who heard nothing left it in the spool
            (row,) = (await home.run("errors", "--json")).json
            assert row["state"] == "due"
            assert (await home.run("mute", row["signature"])).code == 0
        async with running(home):
            assert (await home.run("bundle", "--now", "--json")).json["created"] == 0
            assert (await home.run("errors", "--json")).json[0]["state"] == "muted"
            assert (await home.run("stats", "--json")).json["actions"]["mute"] == 1
        assert writes(hub) == []


async def test_the_token_stands_in_no_file(tmp_path: Path):
    with started() as hub:
        home = home_of(hub, tmp_path)
        async with running(home):
            await home.run("init")
            await home.run("enable", "--github-repo", hub.repository, "--github-token", hub.token)
            await home.run("report", f"bad token {hub.token}")
            status = (await home.run("status", "--json")).json
            assert status["github_token"] == {"present": True, "source": "environment variable GITHUB_TOKEN"}
    assert files_with(hub.token, tmp_path) == []
