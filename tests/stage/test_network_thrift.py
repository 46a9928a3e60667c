"""What a question costs on the wire: two frames, not four."""

from pathlib import Path
from typing import Any, cast

import libp2p.network.health.monitor as monitor_module
import pytest
import trio
from libp2p.stream_muxer.yamux.yamux import Yamux

from tests.stage.network_fleet import PATIENCE, fleet_in
from tests.stage.test_network_faults import stack_of
from tests.stage.test_network_streams import ECHO, echo

QUESTIONS = 50
QUIET = {"announce_every": 1000.0, "exchange_every": 1000.0, "shuffle_every": 1000.0}


class Counted:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        self.calls = 0
        inner = getattr(owner, name)

        async def counted(*args: Any) -> Any:
            self.calls += 1
            return await inner(*args)

        monkeypatch.setattr(owner, name, counted)


async def ask(directory: Path, without: frozenset[str], counted: Counted) -> None:
    async with fleet_in(directory) as fleet:
        alice, bob = await fleet.pair(without=without, **QUIET)
        alice.handle(ECHO, echo)
        counted.calls = 0  # what it takes to be linked is not counted
        for _ in range(QUESTIONS):
            await bob.request(alice.peer_id, ECHO, b"is anything new?", PATIENCE)


@pytest.mark.parametrize("work", ["credit_in_bulk", "none"])
async def test_small_questions_are_not_each_answered_with_frames_that_give_credit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    frames = Counted(monkeypatch, Yamux, "_write_frame")
    await ask(tmp_path, frozenset({work}), frames)
    assert (frames.calls > 4 * QUESTIONS) == (work == "credit_in_bulk"), frames.calls


@pytest.mark.parametrize("work", ["silence_pinged", "none"])
async def test_who_was_just_heard_from_is_not_pinged(tmp_path: Path, work: str) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair(without=frozenset({work}), **QUIET)
        alice.handle(ECHO, echo)
        await bob.request(alice.peer_id, ECHO, b"are you there?", PATIENCE)
        connection = stack_of(bob).swarm.get_connections()[0]
        ping = vars(monitor_module)["ping_connection"]
        pinged = await ping(connection, ping_timeout=60.0)
        assert pinged.success
        assert pinged.skipped == (work == "none")
        vars(cast("Any", connection.muxed_conn).secured_conn)["heard_at"] = trio.current_time() - 31.0
        pinged = await ping(connection, ping_timeout=60.0)
        assert pinged.success
        assert not pinged.skipped
