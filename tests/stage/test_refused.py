"""A node that the fleet refuses reads in its own log why, and what to do."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import trio
from structlog.testing import capture_logs

from tests.stage.meshes import Founders, node
from tests.stage.network_fleet import until


async def test_who_came_too_late_for_an_invitation_is_told_so(tmp_path: Path) -> None:
    founders = Founders(uses=1)
    with trio.fail_after(120), capture_logs() as logged:
        async with AsyncExitStack() as stack:
            alice = await stack.enter_async_context(node(founders, tmp_path / "alice"))
            bob = await stack.enter_async_context(node(founders, tmp_path / "bob", alice.address, asking=True))

            def told() -> list[Any]:
                return [each for each in logged if each["event"] == "refused by a node of the fleet"]

            await until(lambda: bool(told()))
            line = told()[0]  # it may have asked again
            assert line["peer"] == alice.mesh.fleet.me.peer
            assert "used up" in line["reason"]
            assert "aggregator invite" in line["remedy"]
            await until(lambda: alice.mesh.introductions.refused["USED_UP"] > 0)
            assert bob.mesh.fleet.me.peer not in alice.mesh.neighbours()
