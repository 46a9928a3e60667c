"""What a client of the control socket leaves behind when it hangs up: nothing."""

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from structlog.testing import capture_logs

from node.control import hangup
from node.control.server import metrics_only, serve
from node.control.view import View
from tests.stage.test_control import serving
from tests.stage.view import some_view

Connect = Callable[[], Awaitable[trio.SocketStream]]
Door = Callable[[View, Path], AbstractAsyncContextManager[Connect]]
HALF_A_BODY = " HTTP/1.1\r\nHost: n\r\nContent-Length: 50\r\n\r\n{"
OFTEN = 100  # times within which two tasks of a connection met at its end
LARGE = 2**20  # bytes; more than a socket holds
LATE = 120.0  # seconds within which a busy machine notices that somebody hung up


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


@asynccontextmanager
async def control_socket(view: View, directory: Path) -> AsyncGenerator[Connect]:
    path = directory / "c.sock"
    async with serving(view, path):
        yield partial(trio.open_unix_socket, str(path))


@asynccontextmanager
async def metrics_port(view: View, _directory: Path) -> AsyncGenerator[Connect]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, listening, view, metrics_only)
            yield partial(trio.open_tcp_stream, *listening.getsockname())
            nursery.cancel_scope.cancel()


async def heard(stream: trio.SocketStream, request: str) -> bytes:
    """The beginning of what is answered, so that the server goes on."""
    await stream.send_all(request.encode())
    return bytes(await stream.receive_some(100))


@pytest.mark.parametrize(
    ("door", "asked"),
    [
        (control_socket, "GET /metrics"),
        (control_socket, "POST /v1/decisions"),
        (metrics_port, "GET /metrics"),
    ],
)
async def test_who_hangs_up_in_the_middle_of_a_body_ends_nobody_else(tmp_path: Path, door: Door, asked: str) -> None:
    with capture_logs() as events:
        async with door(some_view(tmp_path), tmp_path) as connect:
            async with leaving_nothing():
                for _ in range(OFTEN):
                    async with await connect() as client:
                        await client.send_all((asked + HALF_A_BODY).encode())
            async with await connect() as client:
                assert (await heard(client, "GET /metrics HTTP/1.1\r\nHost: n\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert [each for each in events if each["log_level"] != "debug"] == []


async def test_a_connection_that_fails_ends_alone_and_is_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_connection: TCPServer) -> None:
        raise RuntimeError("a bug of the library")

    with capture_logs() as events:
        async with control_socket(some_view(tmp_path), tmp_path) as connect, leaving_nothing():
            with monkeypatch.context() as patched:
                patched.setattr(hangup, "_run", fail)
                async with await connect() as client:
                    assert not await client.receive_some(1)
            async with await connect() as client:
                answer = await heard(client, "GET /v1/leader HTTP/1.1\r\nHost: n\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 200")
    assert [(each["event"], each["reason"]) for each in events] == [("connection failed", "RuntimeError")]


async def test_who_hangs_up_in_a_large_answer_is_gone_at_once(tmp_path: Path) -> None:
    view = some_view(tmp_path)
    view.node = "n" * LARGE
    async with control_socket(view, tmp_path) as connect, leaving_nothing():
        for _ in range(20):
            async with await connect() as client:
                await heard(client, "GET /v1/status HTTP/1.1\r\nHost: n\r\n\r\n")


async def test_a_crowd_that_comes_at_once_finds_room_to_wait(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"
    async with serving(some_view(tmp_path), path), leaving_nothing():
        with ExitStack() as crowd:
            for _ in range(300):
                client = crowd.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                client.connect(str(path))  # raises where there is no room: nobody accepts before the next await
