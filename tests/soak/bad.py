"""Clients that do everything wrong. Each bad thing must be answered with its reason, in few words."""

import contextlib
import re
import socket
import subprocess
import sys
from pathlib import Path

import trio

from tests.fleet.harness import ROOT
from tests.hostile import ANSWER_BYTES, BAD, Bad
from tests.sender import error, frame
from tests.soak.good import LATER, Trouble
from tests.soak.site import Site, short
from tests.stage.kit import Talker


async def sayings(site: Site, pause: float) -> None:
    """One bad thing after the other, each on a connection of its own."""
    while True:
        for bad in BAD:
            try:
                await _say(site, bad)
            except Trouble as error:
                if not site.crowded:  # else it was turned away without a word
                    site.note(f"{bad.name}: no answer: {short(error)}")
            await trio.sleep(pause)


async def _say(site: Site, bad: Bad) -> None:
    talker = await site.talk()
    async with talker.stream:
        await talker.stream.send_all(bad.data)
        heard = await _last_word(talker, json=bad.data[:1] == b"{")
    if site.crowded and "busy" in heard:
        await trio.sleep(LATER)
    elif re.search(bad.reason, heard) and len(heard) <= ANSWER_BYTES:
        site.refused[bad.name] += 1
    else:
        site.note(f"{bad.name}: answered {short(heard)}")


async def _last_word(talker: Talker, *, json: bool) -> str:
    answer = await (talker.line() if json else talker.answer())
    while "hello" in answer:
        answer = await talker.line()
    return str(answer)


async def crowds(site: Site, pause: float, stays: float) -> None:
    """A thousand connections at once, each time with something else to say."""
    while True:
        for size, data in CROWDS:
            await trio.sleep(pause)
            await _crowd(site, size, data, stays)


async def _crowd(site: Site, size: int, data: bytes, stays: float) -> None:
    crowd: list[socket.socket] = []
    site.crowded = True
    for _ in range(size):
        each = socket.socket(socket.AF_UNIX)
        each.setblocking(False)
        crowd.append(each)
        try:
            each.connect(str(site.node.socket))
            each.send(data)
        except OSError:  # the queue of those that wait is full: it is a crowd
            await trio.sleep(0.01)
    await trio.sleep(stays)
    for each in crowd:
        each.close()
    await trio.sleep(1)  # until the node has closed them too
    site.crowded = False


LARGE = frame(error(1, logs=["x" * 1000] * 240))
CROWDS = (
    (1000, b""),
    (1000, LARGE[:40]),
    (1000, LARGE[:-1]),  # more than the node holds for all of them
    (60, b'{"message":"nobody listens","type":"Deaf"}\n' * 10_000),
)


async def comers_and_goers(site: Site, pause: float) -> None:
    """Connect, say half a thing or nothing, and go without waiting."""
    turn = 0
    while True:
        turn += 1
        with socket.socket(socket.AF_UNIX) as each:
            each.setblocking(False)
            try:
                each.connect(str(site.node.socket))
                each.send(BAD[turn % len(BAD)].data[: turn % 7 * 3])
            except OSError:
                pass
        await trio.sleep(pause)


async def bad_datagrams(site: Site, pause: float) -> None:
    """Everything bad that fits."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(str(site.node.directory / "datagram.sock"))
        while True:
            for bad in BAD:
                with contextlib.suppress(OSError):  # too large for a datagram, or the queue is full
                    sender.send(bad.data[4:] if bad.data[:1] != b"{" else b"}" + bad.data)
                await trio.sleep(pause)


async def bad_spools(site: Site, pause: float) -> None:
    """Files that are no spools; the node removes them."""
    turn = 0
    while True:
        for bad in BAD:
            turn += 1
            path = site.node.spool / f"{turn:032x}.spool"
            if turn % 5:
                hidden = path.with_name("." + path.name)
                hidden.write_bytes(bad.data[:300_000])
                hidden.rename(path)
            else:
                path.symlink_to("/etc/hostname")
            await trio.sleep(pause)


async def stopped(site: Site, pause: float, stays: float) -> None:
    """A program that holds connections in every state and is stopped; much later it is killed."""
    while True:
        process = _holder(site)
        try:
            await trio.sleep(stays)
        finally:
            process.kill()
            process.wait()
        await trio.sleep(pause)


def _holder(site: Site) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.soak.holder", str(site.node.socket)]
    return subprocess.Popen(command, env=site.node.environment, cwd=ROOT)


async def on_control(site: Site, pause: float) -> None:
    """Requests that make no sense, and one that never ends."""
    while True:
        for request in REQUESTS:
            await _ask(site, request)
            await trio.sleep(pause)


REQUESTS = (
    b"\x00\xff\x00garbage\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: n\r\n\r\n",
    b"GET /v1/nothing HTTP/1.1\r\nHost: n\r\n\r\n",
    b'POST /v1/decisions HTTP/1.1\r\nHost: n\r\nContent-Length: 9\r\n\r\n{"action"',
    b"POST /v1/decisions HTTP/1.1\r\nHost: n\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000,
    b"POST /v1/bans HTTP/1.1\r\nHost: n\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /v1/errors/%ff%00..%2f..%2fetc HTTP/1.1\r\nHost: n\r\n\r\n",
    b"GET /v1/status HTTP/1.1\r\nHost: n\r\n",  # and nothing more
)


async def _ask(site: Site, request: bytes) -> None:
    try:
        async with await trio.open_unix_socket(str(site.control)) as stream:
            with trio.move_on_after(5):
                await stream.send_all(request)
                answer = bytes(await stream.receive_some(65536))
                if answer and not re.match(rb"HTTP/1.1 4\d\d", answer):
                    site.note(f"on the control socket: {short(answer)} for {short(request)}")
    except Trouble:
        pass


async def hanging_up(site: Site, pause: float) -> None:
    """Requests without their end, and answers without a reader, at every place where the node answers HTTP."""
    while True:
        for request in UNFINISHED:
            await _hang_up(site, request)
            await trio.sleep(pause)


UNFINISHED = (
    b"GET /metrics HTTP/1.1\r\nHost: n\r\nContent-Length: 50\r\n\r\n{",
    b"POST /v1/decisions HTTP/1.1\r\nHost: n\r\nContent-Length: 50\r\n\r\n{",
    b"GET /metrics HTTP/1.1\r\nHost: n\r\n\r\n" * 5,
)


async def _hang_up(site: Site, request: bytes) -> None:
    for door in site.doors():
        with contextlib.suppress(*Trouble):  # too many wait to be let in
            async with await door() as stream:
                await stream.send_all(request)


def remove_what_is_left(spool: Path) -> None:
    """Files that were never renamed."""
    for path in spool.glob(".*"):
        path.unlink()
