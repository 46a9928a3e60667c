"""What a client of the control socket leaves behind when it hangs up: nothing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
from hypercorn.config import Config

from tests.stage.test_control import serving
from tests.stage.view import some_view

LATE = 30.0  # seconds within which a busy machine notices that somebody hung up


@pytest.fixture(autouse=True)
def _nobody_is_idle_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing ends by having been silent."""
    monkeypatch.setattr(Config, "keep_alive_timeout", 3600)


@asynccontextmanager
async def leaving_nothing() -> AsyncGenerator[None]:
    """As many tasks at the end as there were: waits for it."""
    before = trio.lowlevel.current_statistics().tasks_living
    yield
    with trio.fail_after(LATE):
        while trio.lowlevel.current_statistics().tasks_living > before:  # nobody tells  # noqa: ASYNC110
            await trio.sleep(0.01)


@pytest.mark.parametrize(
    "said",
    [b"", b"GET /v1/status HTTP/1.1\r\nHost: n\r\n", b"GET /v1/status HTTP/1.1\r\nHost: n\r\n\r\n"],
    ids=["nothing", "half_a_request", "a_request"],
)
async def test_who_hangs_up_is_gone_at_once(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "c.sock"
    async with serving(some_view(tmp_path), path), leaving_nothing():
        for _ in range(3):
            async with await trio.open_unix_socket(str(path)) as client:
                await client.send_all(said)
                if said.endswith(b"\r\n\r\n"):
                    assert (await client.receive_some()).startswith(b"HTTP/1.1 200")


async def test_who_stays_connected_asks_again_on_the_same_connection(tmp_path: Path) -> None:
    path, connected = tmp_path / "c.sock", list[str]()

    async def trace(event: str, _info: object) -> None:
        if event.startswith("connection.connect_unix_socket.complete"):
            connected.append(event)

    transport = httpx.AsyncHTTPTransport(uds=str(path))
    http = httpx.AsyncClient(transport=transport, base_url="http://node")
    async with serving(some_view(tmp_path), path), leaving_nothing(), http:
        for _ in range(3):
            assert (await http.get("/v1/leader", extensions={"trace": trace})).status_code == 200
    assert len(connected) == 1
