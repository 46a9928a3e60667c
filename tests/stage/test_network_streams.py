"""Questions and answers between two nodes: what is carried, what is refused, and that errors stay where they are."""

import contextlib
import itertools
import math
from pathlib import Path

import pytest
import trio
import trio.lowlevel
from libp2p.abc import INetStream
from libp2p.custom_types import TProtocol
from libp2p.host.exceptions import StreamFailure

from node.network import Network, NetworkError, Reason, frames
from node.network.frames import MAX_PAYLOAD, Status
from node.network.identity import library_id
from tests.stage.network_fleet import (
    PATIENCE,
    Fleet,
    Stranger,
    address_of,
    collect,
    fleet_in,
    linked,
    stranger,
    until,
)

ECHO = "/test/echo/1"


async def echo(peer_id: str, request: bytes) -> bytes:
    return request


async def pair_with_echo(fleet: Fleet) -> tuple[Network, Network]:
    alice, bob = await fleet.pair()
    alice.handle(ECHO, echo)
    return alice, bob


def streams_of(network: Network, protocol: str) -> int:
    """How many streams of a protocol are open."""
    assert network.stack is not None
    connections = network.stack.swarm.get_connections()
    return sum(stream.get_protocol() == protocol for one in connections for stream in one.get_streams())


async def test_many_questions_use_one_stream(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await pair_with_echo(fleet)
        for number in range(20):
            assert await bob.request(alice.peer_id, ECHO, b"%d" % number, PATIENCE) == b"%d" % number
        assert streams_of(bob, ECHO) == streams_of(alice, ECHO) == 1
        assert alice.statistics().served >= 20


async def test_seven_megabytes_come_in_pages(tmp_path: Path) -> None:
    whole = bytes(itertools.islice(itertools.cycle(range(251)), 7 * MAX_PAYLOAD))

    async def page(peer_id: str, request: bytes) -> bytes:
        start = int(request) * MAX_PAYLOAD
        return whole[start : start + MAX_PAYLOAD]

    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        alice.handle("/test/pages/1", page)
        pages = [await bob.request(alice.peer_id, "/test/pages/1", b"%d" % number, PATIENCE) for number in range(7)]
        assert b"".join(pages) == whole


async def test_a_question_may_be_as_large_as_an_answer(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await pair_with_echo(fleet)
        assert await bob.request(alice.peer_id, ECHO, bytes(MAX_PAYLOAD), PATIENCE) == bytes(MAX_PAYLOAD)
        with pytest.raises(NetworkError) as refused:
            await bob.request(alice.peer_id, ECHO, bytes(MAX_PAYLOAD + 1), PATIENCE)
        assert refused.value.reason is Reason.TOO_LARGE


async def failing(network: Network, peer_id: str, protocol: str, deadline: float = PATIENCE) -> Reason:
    with pytest.raises(NetworkError) as error:
        await network.request(peer_id, protocol, b"?", deadline)
    return error.value.reason


async def test_each_failure_has_its_reason_and_the_stream_its_next_answer(tmp_path: Path) -> None:
    async def broken(peer_id: str, request: bytes) -> bytes:
        raise RuntimeError("secret detail")

    async def large(peer_id: str, request: bytes) -> bytes:
        return bytes(MAX_PAYLOAD + 1)

    async def slow(peer_id: str, request: bytes) -> bytes:
        await trio.sleep_forever()
        return b""

    async with fleet_in(tmp_path) as fleet:
        alice, bob = await pair_with_echo(fleet)
        alice.handle("/test/broken/1", broken)
        alice.handle("/test/large/1", large)
        alice.handle("/test/slow/1", slow)
        assert await failing(bob, alice.peer_id, "/test/broken/1") is Reason.FAILED
        assert await failing(bob, alice.peer_id, "/test/large/1") is Reason.TOO_LARGE
        assert await failing(bob, alice.peer_id, "/test/slow/1", deadline=0.3) is Reason.TIMEOUT
        assert await failing(bob, alice.peer_id, "/test/unknown/1") is Reason.NOT_SUPPORTED
        assert await failing(bob, "12D3KooW" + "1" * 44, ECHO) is Reason.NOT_CONNECTED
        assert await bob.request(alice.peer_id, ECHO, b"well", PATIENCE) == b"well"
        assert fleet.log.said("request failed")
        assert alice.statistics().rebuilt == bob.statistics().rebuilt == 0


async def test_at_most_four_questions_at_a_time_go_to_a_peer(tmp_path: Path) -> None:
    running = most = 0
    go = trio.Event()

    async def counted(peer_id: str, request: bytes) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go.wait()
        running -= 1
        return request

    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        alice.handle("/test/counted/1", counted)
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(bob.request, alice.peer_id, "/test/counted/1", b"", PATIENCE)
            await until(lambda: running == 4)
            await trio.sleep(0.2)
            go.set()
        assert most == 4


async def test_a_broken_link_ends_a_question_at_once(tmp_path: Path) -> None:
    async def never(peer_id: str, request: bytes) -> bytes:
        await trio.sleep_forever()
        return b""

    async with fleet_in(tmp_path) as fleet:
        alice, bob = await fleet.pair()
        alice.handle("/test/never/1", never)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(failing, bob, alice.peer_id, "/test/never/1", math.inf)
            await until(lambda: streams_of(alice, "/test/never/1") == 1)
            await fleet.stop(alice)


async def test_questions_work_again_after_the_peer_restarted(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet:
        alice, bob = await pair_with_echo(fleet)
        listen = (address_of(alice),)
        assert await bob.request(alice.peer_id, ECHO, b"1", PATIENCE) == b"1"
        await fleet.stop(alice)
        again = fleet.make("alice", listen=listen)
        again.handle(ECHO, echo)
        await fleet.run(again)
        await linked(again, bob)
        assert await bob.request(alice.peer_id, ECHO, b"2", PATIENCE) == b"2"


HOSTILE = {
    "cut off": frames.encode(Status.REQUEST, b"hello")[:-1],
    "damaged": frames.encode(Status.REQUEST, b"hello")[:-1] + b"!",
    "too large": b"\xff\xff\xff\xff\x01",
    "unknown status": b"\x00\x00\x00\x01\xff",
    "garbage": b"\x00\x00\x00\x05" + b"\xff" * 60,
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_question_costs_its_stream_and_nothing_else(tmp_path: Path, sent: bytes) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice, bob = await pair_with_echo(fleet)
        stream = await open_echo(mallory, alice)
        await stream.write(sent)
        await stream.close()
        await until(lambda: alice.statistics().rejected.get("broken request") == 1)
        assert await bob.request(alice.peer_id, ECHO, b"well", PATIENCE) == b"well"
        assert alice.statistics().rebuilt == 0


async def open_echo(mallory: Stranger, network: Network) -> INetStream:
    if not mallory.swarm.get_connections():
        await mallory.connect(network)
    return await mallory.host.new_stream(library_id(network.peer_id), [TProtocol(ECHO)])


async def test_a_peer_may_hold_only_so_many_streams_open(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice, bob = await pair_with_echo(fleet)
        for _ in range(20):
            with contextlib.suppress(StreamFailure):  # reset before it was open
                await open_echo(mallory, alice)
        await until(lambda: alice.statistics().rejected.get("too many streams", 0) >= 4)
        assert await bob.request(alice.peer_id, ECHO, b"well", PATIENCE) == b"well"


@pytest.mark.parametrize("answer", [HOSTILE["damaged"], HOSTILE["cut off"], b""], ids=["damaged", "cut off", "none"])
async def test_a_hostile_answer_is_an_error_with_a_reason(tmp_path: Path, answer: bytes) -> None:
    async def lie(stream: INetStream) -> None:
        await stream.read(100)
        await stream.write(answer)
        await stream.close()

    async with fleet_in(tmp_path) as fleet, stranger() as mallory:
        alice = await fleet.start("alice")
        mallory.host.set_stream_handler(TProtocol(ECHO), lie)
        await mallory.connect(alice)
        await until(lambda: bool(alice.peers()))
        assert await failing(alice, mallory.peer_id, ECHO) in (Reason.DAMAGED, Reason.BROKEN)


async def in_small_pieces(source: trio.SocketStream, sink: trio.SocketStream) -> None:
    source.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 64 * 1024)
    sink.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
    try:
        async for piece in source:
            for start in range(0, len(piece), 500):
                await sink.send_all(piece[start : start + 500])
                await trio.lowlevel.checkpoint()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    await sink.aclose()


async def test_a_link_of_tiny_segments_carries_large_answers_and_messages(tmp_path: Path) -> None:
    async with fleet_in(tmp_path) as fleet, trio.open_nursery() as nursery:
        alice = await fleet.start("alice")
        alice.handle(ECHO, echo)
        port = int(address_of(alice).rpartition("/")[2])

        async def proxy(near: trio.SocketStream) -> None:
            async with near, await trio.open_tcp_stream("127.0.0.1", port) as far, trio.open_nursery() as both:
                both.start_soon(in_small_pieces, near, far)
                both.start_soon(in_small_pieces, far, near)

        listeners = await nursery.start(trio.serve_tcp, proxy, 0)
        by_proxy = f"/ip4/127.0.0.1/tcp/{listeners[0].socket.getsockname()[1]}/p2p/{alice.peer_id}"
        bob = await fleet.start("bob", seeds=(by_proxy,))
        await linked(alice, bob)
        big = bytes(range(256)) * 2048  # half a megabyte
        assert await bob.request(alice.peer_id, ECHO, big, PATIENCE) == big
        sent = [bytes([number]) * 30_000 for number in range(10)]
        for message in sent:
            await alice.publish(message)
        assert await collect(bob, 10) == sent
        await fleet.stop(bob)
        nursery.cancel_scope.cancel()
