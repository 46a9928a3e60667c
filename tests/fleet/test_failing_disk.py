"""The disk is full, in every place that is written to: nothing acknowledged is lost, nobody who reports is hurt, and
all goes on by itself when there is room again.
"""

import json
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from node.control.changes import Decision
from node.control.client import Client, Refused
from tests.fleet.disk import Disk, Limited, Small, disk_of, small_disk
from tests.fleet.filing_node import FilingNode
from tests.fleet.fleet import fleet, name, until
from tests.fleet.founding import Founded
from tests.fleet.harness import NO_TICKS, PATIENCE, DaemonProcess
from tests.fleet.shop import Shop, eventually
from tests.fleet.starter import start_all
from tests.sender import Map, Sender, error, new_session, numbered
from tests.stage import programs
from tests.stage.powers import without_powers
from tests.stage.run_cli import Home
from tests.stage.standin import Hub

ROOM = 512 * 1024  # bytes: enough for a small database
BURST = range(100, 700)  # errors that no disk with a few KiB left can take


def say(node: DaemonProcess, session: bytes, records: list[Map]) -> Map:
    """Send all of a session that the node has not got yet; its last answer."""
    with closing(Sender(node.socket, PATIENCE)) as sender:
        following = sender.hello(session)["next"]
        sender.send(*numbered(records)[following - 1 :])
        return sender.answers_to(len(records))[-1]


class Node(DaemonProcess):
    @property
    def control(self) -> Client:
        return Client(self.directory / "control.sock")


def small_files(command: Sequence[str]) -> list[str]:
    return ["prlimit", "--fsize=16384", *command]


@contextmanager
def mounted(path: Path) -> Generator[Disk]:
    with disk_of(path) as disk:
        yield disk


@contextmanager
def limited(path: Path) -> Generator[Disk]:
    path.mkdir()
    yield Limited(path)


@pytest.mark.parametrize("kind", [mounted, limited])
def test_a_full_disk_refuses_with_a_reason_and_counts_exactly_when_there_is_room_again(
    tmp_path: Path, kind: Callable[[Path], Any]
) -> None:
    session, first = new_session(), [error(number) for number in range(3)]
    burst = first + [error(number) for number in BURST]
    node = Node(tmp_path)
    with kind(tmp_path / "state") as disk:
        node.output = tmp_path / "state" / "output.log"
        with node:
            assert say(node, session, first) == {"ack": 3}
            disk.fill(node.pid)
            with node.output.open("ab") as log:
                log.write(b"\n" * (-log.tell() % 4096))  # what the file system had given it already
            assert say(node, session, burst) == {"error": "storage", "retry": True}
            seen = node.control.status()
            assert (seen.acknowledged, seen.received, seen.told_to_wait) == (3, 3, {"storage": 1})
            assert "make room" in seen.storage or "a quota or a limit" in seen.storage
            with pytest.raises(Refused, match=r"make room|a quota or a limit"):
                node.control.decide(Decision(action="mute", subject=name(0)))
            told = {each.check: each for each in node.control.doctor(offline=True)}
            assert (told["database"].state, told["database"].mend in seen.storage) == ("problem", True)
            assert kind is limited or (told["directory"].state, told["directory"].mend) == ("problem", "make room")
            disk.free(node.pid)
            assert say(node, session, burst) == {"ack": len(burst)}
            assert node.control.status().storage == ""
            assert node.stop() == 0
            assert kind is limited or any("lines_lost=" in line for line in node.log_lines())
            node.start()
            assert node.counts() == dict.fromkeys(node.counts(), 1)
            assert len(node.counts()) == len(burst)
            assert not any("Traceback" in line for line in node.log_lines())


REPORTING = """
import json, sys
import aggregator

sys.stdin.readline()
aggregator.install("program", hooks=())
for number in range({count}):
    try:
        raise type(f"Error{{number}}", (Exception,), {{}})("x" * 2_000)
    except Exception:
        aggregator.capture()
    if number % 100 == 99:
        aggregator.flush(0.01)
aggregator.flush(10)
print(json.dumps(aggregator.statistics()), flush=True)
sys.stdin.readline()
aggregator.flush(10)
print(json.dumps(aggregator.statistics()), flush=True)
"""


def test_programs_go_on_though_the_node_has_no_room_and_their_records_arrive_when_it_has(tmp_path: Path) -> None:
    with disk_of(tmp_path / "state") as disk, Node(tmp_path) as node:
        disk.fill(node.pid)
        program = programs.run(tmp_path, REPORTING.format(count=50))
        assert (program.returncode, program.stderr) == (0, "")
        assert list(node.spool.iterdir())
        assert eventually(lambda: node.control.status().told_to_wait, "the node said why")
        assert node.counts() == {}
        disk.free(node.pid)
        eventually(lambda: not list(node.spool.iterdir()), "the spool is drained")
        assert (len(node.counts()), sum(node.counts().values())) == (50, 50)


def test_a_program_whose_spool_has_no_room_keeps_what_it_can_and_counts_the_rest(tmp_path: Path) -> None:
    count = 2_000
    with disk_of(tmp_path / "spool") as disk:
        small = isinstance(disk, Small)
        if small:
            disk.fill(0)
        with programs.start(tmp_path, REPORTING.format(count=count)) as program:
            assert program.stdin
            assert program.stdout
            if not small:
                disk.fill(program.pid)
            print(file=program.stdin, flush=True)
            full = json.loads(program.stdout.readline())
            disk.free(program.pid)
            print(file=program.stdin, flush=True)
            done = json.loads(program.stdout.readline())
            assert program.wait(PATIENCE) == 0
        lost = sum(done["dropped"].values())
        assert (full["captured"], full["spooled"], done["spooled"] + lost) == (count, 0, count)
        assert 0 < done["spooled"] < count  # as much as memory holds
        with Node(tmp_path) as node:
            eventually(lambda: sum(node.counts().values()) == done["spooled"], "what was kept is counted")


def test_a_node_that_is_started_on_a_full_disk_says_so_and_starts_when_there_is_room(tmp_path: Path) -> None:
    nodes = {each: Node(tmp_path / each) for each in ("new", "old")}
    with nodes["old"] as old:
        assert say(old, new_session(), [error(0)]) == {"ack": 1}
        old.stop()
    with ExitStack() as stack:
        disks = [stack.enter_context(small_disk(node.database.parent, ROOM)) for node in nodes.values()]
        full = [disk for disk in disks if disk]
        for disk in full:
            disk.fill()
        ended = start_all(nodes, list if full else small_files)
        for each, (code, said, log) in ended.items():
            assert (code, len(said)) == (1, 1), (said, log)
            assert str(nodes[each].database.parent) in said[0]
            assert "make room" in said[0] or "space" in said[0] or "a quota or a limit" in said[0]
        for disk in full:
            disk.free()
        with old:
            assert old.stop() == 0
        assert sum(old.counts().values()) == 1


def test_what_became_due_on_a_full_disk_is_filed_once_when_there_is_room(shop: Shop, tmp_path: Path) -> None:
    with disk_of(tmp_path / "state") as disk, FilingNode(tmp_path, shop, {"bundle.interval": NO_TICKS}) as node:
        node.report(*[error(1)] * 3)
        disk.fill(node.pid)
        with pytest.raises(AssertionError, match="make room"):
            node.bundles(3)
        assert shop.issues() == []
        disk.free(node.pid)
        with ThreadPoolExecutor() as pool:
            first = pool.submit(node.bundle)
            shop.wait_request("POST", "/git/refs$")
            disk.fill(node.pid)
            first.exception()
        disk.free(node.pid)
        eventually(lambda: node.bundle() and node.error("Error1")["state"] == "filed", "it is filed", shown=node.story)
        node.bundles(2)
        assert len(shop.issues()) == 1


async def test_a_neighbour_that_comes_while_the_disk_is_full_is_heard_when_there_is_room(
    tmp_path: Path, founded: Founded, hub: Hub
) -> None:
    async with fleet(founded, hub, tmp_path, "alice", "bob", start=[]) as some:
        alice, bob = some["alice"], some["bob"]
        with disk_of(bob.database.parent) as disk:
            await some.start("bob")
            disk.fill(bob.pid)
            await some.start("alice")
            await alice.report(error(1))

            async def complained() -> bool:
                return bool(bob.lines("member not entered"))

            await until(complained, PATIENCE)
            assert await bob.shown() == {}
            disk.free(bob.pid)
            await some.agree({name(1): 1}, within=PATIENCE)
            assert not bob.lines("level=critical")
            bob.kill()


@pytest.mark.parametrize("verb", [["config", "set", "bundle.threshold", "4"], ["init"], ["config", "show"]])
async def test_a_verb_that_cannot_write_says_where_and_leaves_what_is_there(tmp_path: Path, verb: list[str]) -> None:
    (tmp_path / "home").mkdir()
    home = Home(tmp_path / "home")
    home.config.write_text("[bundle]\nthreshold = 3\n")
    home.path.chmod(0o500)
    output = ["sh", "-c", 'exec "$@" > /dev/full', "sh"] if verb == ["config", "show"] else []
    ran = await home.run(*verb, wrap=lambda command: [*output, *without_powers(command)])
    home.path.chmod(0o700)
    assert (ran.code, len(ran.err.splitlines()), "Traceback" in ran.err) == (1, 1, False), ran.err
    assert ran.err.startswith("aggregator: ")
    assert home.config.read_text() == "[bundle]\nthreshold = 3\n"
