"""A fleet of real daemons on loopback: alice, bob, carol, … with a repository of their own on the GitHub stand-in.

    async with fleet(founded, hub, tmp_path, "alice", "bob") as some:
        await some["alice"].report(error(1))
        await some.agree({name(1): 1})

Every node has its own token, so the stand-in's records say which node asked for what. A bundle runs when a test says
so (`some.bundle()` is a tick of all nodes at once), unless the settings say otherwise. Nothing is left behind.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import trio

from aggregator.record import ErrorRecord
from aggregator.signature import sign
from node.control.client import Client, Refused, Unreachable
from node.control.peers import PeerRow
from node.control.rows import ErrorRow, Summary
from node.control.state import Status
from tests.fleet.cables import Cables
from tests.fleet.founding import CONFIG, Founded, listening
from tests.fleet.harness import NO_TICKS, DaemonProcess
from tests.sender import Map, Sender, error, new_session, numbered
from tests.stage.standin import Hub

WITHIN = 10.0  # seconds: twice the five in which every node is to know a count, and another to take over
PATIENCE = 120.0  # seconds for what a machine that does nothing else does in ten at most, so that a broken test ends
T = TypeVar("T")
LOOK = 0.1  # seconds between two looks at what no event tells
SETTINGS = f"""\
[bundle]
interval = "{NO_TICKS}"
[filing]
issues = true
takeover_age = "60s"
relist_gap = "1s"
scan_missing = 3
"""
TAKING_OVER = SETTINGS.replace('"60s"', '"4s"')  # then a node gives an attempt up that takes longer than a third of it


@cache
def name(number: int) -> str:
    """What the nodes call error `number` of `tests.sender`."""
    return sign(msgspec.convert(error(number), ErrorRecord)).name


class Patient(Client):
    """One that waits for a node as long as a test does."""

    def _ask(self, method: str, path: str, answer: Any, content: object = None, seconds: float = PATIENCE) -> Any:
        return super()._ask(method, path, answer, content, max(seconds, PATIENCE))


class FleetNode(DaemonProcess):
    """One daemon of the fleet. Reading from it raises `Unreachable` while it is down."""

    def __init__(self, name: str, peer: str, directory: Path, settings: str, environment: Mapping[str, str]) -> None:
        super().__init__(directory, settings, environment, CONFIG)
        self.name, self.peer = name, peer
        self.control = Patient(directory / "control.sock")

    async def report(self, *records: Map) -> None:
        """Send records in a session of their own; returns when all are acknowledged."""
        await trio.to_thread.run_sync(self.report_now, records)

    def report_now(self, records: Sequence[Map]) -> None:
        sender = Sender(self.socket)
        try:
            sender.hello(new_session())
            sender.send(*numbered(records))
            answers = sender.answers_to(len(records))
            assert answers[-1].get("ack") == len(records), answers[-1]
            assert not any(answer.get("refused") for answer in answers), answers
        finally:
            sender.close()

    async def errors(self) -> list[ErrorRow]:
        return await trio.to_thread.run_sync(self.control.errors)

    async def status(self) -> Status:
        return await trio.to_thread.run_sync(self.control.status)

    async def peers(self) -> dict[str, PeerRow]:
        """What it knows of each node, by peer id."""
        return {row.peer: row for row in await trio.to_thread.run_sync(self.control.peers)}

    async def bundle(self) -> Summary:
        return await trio.to_thread.run_sync(lambda: self.control.bundle(dry_run=False))

    def ask_for_bundle(self) -> None:
        """A bundle whose answer may never come, because the node is killed or stopped over it."""
        with suppress(Unreachable, Refused):
            self.control.bundle(dry_run=False)

    async def shown(self) -> dict[str, int]:
        """The counts that it shows, by signature; none while it is down."""
        try:
            return {row.signature: row.count for row in await self.errors()}
        except Unreachable:
            return {}

    def lines(self, *words: str) -> list[str]:
        """Lines of its log that hold all of these."""
        return [line for line in self.log_lines() if all(word in line for word in words)]

    def lose_database(self) -> None:
        """Remove it, of a node that is down."""
        for path in self.database.parent.glob("state.db*"):
            path.unlink()

    def back_up(self) -> bytes:
        """The database of a node that was stopped, whole."""
        return self.database.read_bytes()

    def restore(self, backup: bytes) -> None:
        """Put an old database in place of the one of a node that is down."""
        self.lose_database()
        self.database.write_bytes(backup)


class Fleet:
    """All nodes of one test, by name."""

    def __init__(self, nodes: Sequence[FleetNode], hub: Hub, cables: Cables | None) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.hub, self._cables = hub, cables

    def __getitem__(self, name: str) -> FleetNode:
        return self.nodes[name]

    def __iter__(self) -> Iterator[FleetNode]:
        return iter(self.nodes.values())

    @property
    def running(self) -> list[FleetNode]:
        return [node for node in self.nodes.values() if node.runs]

    @property
    def cables(self) -> Cables:
        assert self._cables is not None, "say cables=True"
        return self._cables

    def named(self, peer: str) -> str:
        return next(node.name for node in self.nodes.values() if node.peer == peer)

    async def start(self, *names: str) -> None:
        """Start these nodes, side by side."""
        await together(lambda each: trio.to_thread.run_sync(self[each].start), names)

    async def linked(self, *names: str) -> None:
        """Until each of these, of all that run by default, sees each other one: heard of, settled, and introduced."""
        await until(lambda: self.all_linked(*names), PATIENCE)

    async def all_linked(self, *names: str) -> bool:
        some = [self[name] for name in names] or self.running
        return await all_of(self._sees(node, some) for node in some)

    async def agree(self, expected: Mapping[str, int], *names: str, within: float = PATIENCE) -> float:
        """Until each shows exactly these counts; seconds that it took."""
        some = [self[name] for name in names] or self.running
        began, shown = time.monotonic(), dict[str, dict[str, int]]()

        async def equal(node: FleetNode) -> bool:
            shown[node.name] = await node.shown()
            return shown[node.name] == expected

        try:
            await until(lambda: all_of(equal(node) for node in some), within)
        except trio.TooSlowError:
            wrong = {each: difference(expected, counts) for each, counts in shown.items()}
            raise AssertionError(f"after {within} s, by node, what it shows and what it should: {wrong}") from None
        return time.monotonic() - began

    async def bundle(self, *names: str) -> dict[str, Summary]:
        """A tick: all of these nodes bundle at once."""
        done: dict[str, Summary] = {}

        async def one(node: FleetNode) -> None:
            done[node.name] = await node.bundle()

        await together(one, [self[each] for each in names] or self.running)
        return done

    async def leader(self, among: Iterable[str] = ()) -> str:
        """The name of who files, as soon as all of these agree that it is one of them."""
        some = [self[name] for name in among] or self.running
        found: set[str] = set()

        async def same() -> bool:
            found.clear()
            found.update([(await node.status()).leader.get(self.hub.repository, "") for node in some])
            return len(found) == 1 and found <= {node.peer for node in some}

        await until(same, PATIENCE)
        return self.named(found.pop())

    def issues(self, state: str = "open") -> list[dict[str, Any]]:
        return self.hub.get(f"issues?state={state}&per_page=100").json()

    def requests(self, method: str, ending: str) -> list[dict[str, Any]]:
        """What was asked of this fleet's repository: records with time, login, status."""
        path = f"{self.hub.base}/{ending}".lower()
        kept: list[dict[str, Any]] = self.hub.steer("/requests", method="GET")
        return [each for each in kept if each["method"] == method and each["path"].lower() == path]

    def creators(self) -> set[str]:
        """Logins that created issues."""
        return {each["login"] for each in self.requests("POST", "issues") if each["status"] == 201}

    async def _sees(self, node: FleetNode, others: Sequence[FleetNode]) -> bool:
        try:
            rows, status = await node.peers(), await node.status()
        except (Unreachable, Refused):
            return False
        there = [rows.get(other.peer) for other in others if other is not node]
        return status.settled and all(row and row.state == "here" and row.settled and row.joined for row in there)


@asynccontextmanager
async def fleet(
    founded: Founded,
    hub: Hub,
    directory: Path,
    *names: str,
    settings: str = SETTINGS,
    cables: bool = False,
    start: Sequence[str] | None = None,
    tokens: Mapping[str, Map] | None = None,
    patience: float = 5 * PATIENCE,
) -> AsyncGenerator[Fleet]:
    """These nodes, running: all, or those in `start`.

    `cables`: they can be cut apart. `tokens`: by name, what is asked of the stand-in for that node's token. `patience`:
    seconds for the whole test.
    """
    hub = await trio.to_thread.run_sync(new_repository, hub, directory.name)
    with trio.fail_after(patience):
        async with trio.open_nursery() as nursery:
            asked = {each: {"login": each, "permission": "push"} | (tokens or {}).get(each, {}) for each in names}
            nodes = [make_node(founded, hub, directory, each, settings, cables, asked[each]) for each in names]
            laid = Cables(nursery, lambda: {n.name: n.pid for n in nodes if n.runs}) if cables else None
            if laid:
                await together(lambda each: laid.lay(each, founded.public[each], founded.inner[each]), names)
            made = Fleet(nodes, hub, laid)
            try:
                await made.start(*(names if start is None else start))
                yield made
            finally:
                for node in nodes:
                    node.kill()
                hub.calm()
            nursery.cancel_scope.cancel()


def new_repository(hub: Hub, name: str) -> Hub:
    """A private repository of this test alone, and whoever asks about it."""
    full_name = f"acme/{name}"
    hub.calm()
    hub.steer("/repositories", {"full_name": full_name})
    return replace(hub, repository=full_name)


def make_node(
    founded: Founded, hub: Hub, directory: Path, name: str, settings: str, cable: bool, token: Map
) -> FleetNode:
    """A node with its part of the fleet's keys, and a token."""
    place = directory / name
    founded.copy(name, place)
    made: dict[str, str] = hub.steer("/tokens", {"repository": hub.repository, **token})
    at = founded.place(name)
    port = founded.inner[name] if cable else founded.public[name]
    announce = f'announce = ["{founded.address(name)}"]\n' if cable else ""
    github = f'[github]\napi_url = "{hub.url}"\nrepository = "{hub.repository}"\nwrite_interval = "0s"\n'
    whole = settings + github + listening(port, at.host) + announce
    node = FleetNode(name, founded.peers[name], place, whole, {"GITHUB_TOKEN": made["token"]})
    node.within = at.within
    return node


def difference(expected: Mapping[str, int], shown: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """By signature, what is shown and what is expected, where they differ."""
    pairs = {each: (shown.get(each, 0), expected.get(each, 0)) for each in {*expected, *shown}}
    return {each: pair for each, pair in pairs.items() if pair[0] != pair[1]}


async def until(true: Callable[[], Awaitable[bool]], within: float, look: float = LOOK) -> None:
    """Look again and again, each `look` seconds. Raises `trio.TooSlowError`."""
    with trio.fail_after(within):
        while not await true():  # noqa: ASYNC110  # what a node shows sets no event
            await trio.sleep(look)


async def all_of(conditions: Iterable[Awaitable[bool]]) -> bool:
    return all([await each for each in conditions])


async def together(job: Callable[[T], Awaitable[object]], items: Iterable[T]) -> None:
    """Do the job with all of them at once."""
    async with trio.open_nursery() as nursery:
        for item in items:
            nursery.start_soon(job, item)
