"""What is measured, as Prometheus reads it: on the control socket, and on loopback where that is configured."""

import errno
import os
import socket
from pathlib import Path

import httpx
import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families

from node.control.metrics import METRICS, PREFIX, exposition
from node.control.server import metrics_only, serve
from node.control.view import Measured
from node.loopdelay import LoopDelay
from node.sockets import SocketError, bind_loopback
from tests.stage.test_control import serving
from tests.stage.view import some_view


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Values by name and labels."""
    families = text_string_to_metric_families(text)
    return {(s.name, tuple(s.labels.items())): s.value for family in families for s in family.samples}


def test_every_metric_can_be_written_with_the_labels_that_it_has() -> None:
    measured = [Measured(name, 1, tuple("x" for _ in kind.labels)) for name, kind in METRICS.items()]
    names = {name for name, _ in read(exposition(measured).decode())}
    for name, kind in METRICS.items():
        assert PREFIX + name + ("_total" if kind.kind == "counter" else "") in names
    assert "process_resident_memory_bytes" in names


def test_a_metric_that_nobody_promised_is_refused() -> None:
    with pytest.raises(KeyError):
        exposition([Measured("surprise", 1)])


async def test_the_control_socket_shows_the_numbers(tmp_path: Path) -> None:
    async with serving(some_view(tmp_path), tmp_path / "c.sock") as client:
        transport = httpx.AsyncHTTPTransport(uds=str(client.socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as http:
            answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    values = read(answer.text)
    assert values[f"{PREFIX}records_total", ()] == 7
    assert values[f"{PREFIX}records_refused_total", (("reason", "rate"),)] == 2
    assert values[f"{PREFIX}settled", ()] == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_over_tcp_there_are_the_numbers_and_nothing_that_decides(tmp_path: Path, host: str) -> None:
    view = some_view(tmp_path)
    async with trio.open_nursery() as nursery:
        with bind_loopback(f"{host}:0") as bound:
            await nursery.start(serve, bound, view, metrics_only)
            url = f"http://{host}:{bound.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
                assert "error_aggregator_records_total 7.0" in (await http.get("/metrics")).text
                assert (await http.get("/v1/status")).status_code == 404
                assert (await http.post("/v1/reload")).status_code == 404
            nursery.cancel_scope.cancel()
    assert view.reloads == 0


def test_a_port_that_is_taken_is_named_with_the_setting() -> None:
    with bind_loopback("127.0.0.1:0") as bound:
        port = bound.getsockname()[1]
        with pytest.raises(SocketError, match=f"control.metrics: cannot listen on 127.0.0.1:{port}"):
            bind_loopback(f"127.0.0.1:{port}")
    with pytest.raises(SocketError, match="99999"):
        bind_loopback("127.0.0.1:99999")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EADDRINUSE, "choose another port"),
        (errno.EADDRNOTAVAIL, "does not have that address: choose 127.0.0.1"),
        (errno.EACCES, "kept for root: choose a higher one"),
        (errno.EMFILE, "choose another address"),
    ],
)
def test_each_reason_why_an_address_cannot_be_had_is_told_with_its_own_remedy(
    monkeypatch: pytest.MonkeyPatch, code: int, remedy: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(socket, "create_server", refused)
    with pytest.raises(SocketError) as caught:
        bind_loopback("[::1]:9464")
    assert str(caught.value).startswith(f"control.metrics: cannot listen on [::1]:9464 ({os.strerror(code)}): ")
    assert remedy in str(caught.value)


async def test_a_loop_that_was_kept_from_running_says_for_how_long(autojump_clock: trio.testing.MockClock) -> None:
    loop = LoopDelay()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(loop.run)
        await trio.sleep(5.5)
        assert loop.worst == 0.0
        autojump_clock.jump(3.0)  # nothing ran for three seconds
        await trio.sleep(0.1)
        assert loop.worst == pytest.approx(2.5)
        await trio.sleep(61)
        assert loop.worst == 0.0
        nursery.cancel_scope.cancel()
