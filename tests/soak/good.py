"""Clients that do everything right. What they were told is counted, exactly that must be counted by the nodes."""

import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from tests.fleet.harness import ROOT
from tests.hostile import ODD
from tests.sender import Map, frame, numbered
from tests.soak.site import Site, record, short
from tests.stage.kit import Talker

KINDS = 40  # types of errors of each sort of client
BATCH = 20  # records in one go
LATER = 0.3  # seconds until what the node refused for now is tried again
FOREVER = 10**9  # occurrences

Trouble = (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, AssertionError)


class Away(Exception):
    """The node said, or showed, that it should be tried again."""


async def in_sessions(site: Site, pause: float, churn: int) -> None:
    """Batches in a session; a new session and connection after `churn` of them."""
    turn = 0
    while not site.over.is_set():
        session, first = secrets.token_bytes(16), 1
        for _ in range(churn):
            if site.over.is_set():
                return
            kinds = [f"Session{(turn * BATCH + n) % KINDS}" for n in range(BATCH)]
            await _deliver(site, session, numbered([record(kind) for kind in kinds], first))
            for kind in kinds:
                site.count(kind)
            turn, first = turn + 1, first + BATCH
            await site.pause(pause)


async def _deliver(site: Site, session: bytes, held: Sequence[Map]) -> None:
    """Until everything is settled, over as many connections as it takes."""
    while True:
        try:
            talker = await site.talk()
            async with talker.stream:
                await _send(site, talker, session, held)
                return
        except (Away, *Trouble):
            await trio.sleep(LATER)


async def _send(site: Site, talker: Talker, session: bytes, held: Sequence[Map]) -> None:
    hello = await talker.hello(session)
    if "next" not in hello:
        raise Away
    last: int = held[-1]["seq"]
    await talker.send(*[each for each in held if each["seq"] >= hello["next"]])
    while hello["next"] <= last:
        answer = await talker.answer()
        if "ack" not in answer:
            raise Away
        if answer.get("refused"):
            site.note(f"refused in a session: {short(answer)}")
        hello["next"] = answer["ack"] + 1


async def from_shells(site: Site, pause: float) -> None:
    """One line on a connection of its own, as `nc` sends it; now and then an odd one."""
    turn = 0
    while not site.over.is_set():
        turn += 1
        odd = turn % 10 == 0
        kind = "Odd" if odd else f"Line{turn % KINDS}"
        data = ODD[turn // 10 % len(ODD)] if odd else msgspec.json.encode(record(kind)) + b"\n"
        if await _one(site, data):
            site.count(kind)
        await site.pause(pause)


async def _one(site: Site, data: bytes) -> bool:
    try:
        talker = await site.talk()
        async with talker.stream:
            await talker.stream.send_all(data)
            answer = await (talker.line() if data[:1] == b"{" else talker.answer())
    except Trouble:  # turned away before a byte of it was read, by a node with too many connections
        return False
    if answer.get("refused"):
        site.note(f"refused from a shell: {short(answer)} for {short(data)}")
    return answer.get("ack") == 1


async def datagrams(site: Site, pause: float) -> None:
    """One at a time; who cannot send it at once does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(str(site.node.directory / "datagram.sock"))
        turn = 0
        while not site.over.is_set():
            turn += 1
            kind = f"Datagram{turn % KINDS}"
            try:
                sender.send(msgspec.msgpack.encode(record(kind)))
                site.count(kind)
            except BlockingIOError:  # nothing was sent
                pass
            await site.pause(pause)


async def spools(site: Site, pause: float, records: int) -> None:
    """What a client that has gone left behind, `records` in one file."""
    while not site.over.is_set():
        session = secrets.token_bytes(16)
        kinds = [f"Spool{n % KINDS}" for n in range(records)]
        content = [{"hello": 1, "session": session}, *numbered([record(kind) for kind in kinds])]
        await trio.to_thread.run_sync(_leave, site.node.spool, session, b"".join(map(frame, content)))
        for kind in kinds:
            site.count(kind)
        await site.pause(pause)


def _leave(directory: Path, session: bytes, data: bytes) -> None:
    hidden = directory / f".{session.hex()}.new"
    hidden.write_bytes(data)
    hidden.rename(directory / f"{session.hex()}.spool")


def start_program(site: Site, *arguments: object) -> subprocess.Popen[bytes]:
    """A program with the client library in it."""
    places = {"AGGREGATOR_SOCKET": str(site.node.socket), "AGGREGATOR_SPOOL": str(site.node.spool)}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fleet.worker", *map(str, arguments)],
        env={**site.node.environment, **places}, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


async def programs(site: Site, pause: float, lives: float) -> None:
    """A program that fails again and again for `lives` seconds, and the next one."""
    while not site.over.is_set():
        running = start_program(site, 10, FOREVER, pause)
        await site.pause(lives)
        await settle(site, running)


async def settle(site: Site, running: subprocess.Popen[bytes]) -> None:
    """Let a program end, and count what it says that it reported."""
    out, _ = await trio.to_thread.run_sync(lambda: running.communicate(timeout=60))
    told = json.loads(out)
    for number, count in enumerate(told["counts"]):
        site.count(f"Error{number}", count)
    if told["dropped"] or told["refused"]:
        site.note(f"a program lost something: {short(told)}")
