"""Starts, drives and kills `network_node.py` processes."""

import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0  # a loaded machine was seen to need five


class NodeProcess:
    """One process. Collects what it says; `wait_for` looks at everything said so far."""

    def __init__(self, process: trio.Process) -> None:
        self.events: list[dict[str, Any]] = []
        self.process = process
        self._said = trio.Event()

    async def listen(self) -> None:
        assert self.process.stdout is not None
        rest = b""
        async for piece in self.process.stdout:
            *lines, rest = (rest + piece).split(b"\n")
            self.events += [json.loads(line) for line in lines]
            self._said.set()
            self._said = trio.Event()

    async def wait_for(self, true: Callable[[], bool], patience: float) -> None:
        with trio.fail_after(patience):
            while not true():
                await self._said.wait()

    async def start_up(self) -> None:
        await self.wait_for(lambda: bool(self.events), START_SECONDS)

    @property
    def addresses(self) -> list[str]:
        return self.events[0]["addresses"]

    @property
    def peer_id(self) -> str:
        return self.events[0]["peer_id"]

    def heard(self, prefix: str) -> set[str]:
        return {event["message"] for event in self.events if event.get("message", "").startswith(prefix)}

    def links(self) -> list[str]:
        said: list[list[str]] = [event["links"] for event in self.events if "links" in event]
        return said[-1] if said else []

    async def publish(self, prefix: str, count: int) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.send_all(json.dumps({"publish": count, "prefix": prefix}).encode() + b"\n")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


class Processes:
    def __init__(self, nursery: trio.Nursery, directory: Path) -> None:
        self._nursery = nursery
        self._directory = directory
        self.running: list[NodeProcess] = []

    async def start(
        self, name: str, *, seeds: list[str], listen: str = "127.0.0.1:0", **options: object
    ) -> NodeProcess:
        given = {"name": name, "directory": str(self._directory), "listen": [listen], "seeds": seeds, **options}
        command = [sys.executable, "-m", "tests.fleet.network_node", json.dumps(given)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = await trio.lowlevel.open_process(command, stdin=-1, stdout=-1, cwd=ROOT, env=environment)
        node = NodeProcess(process)
        self.running.append(node)
        self._nursery.start_soon(node.listen)
        await node.start_up()
        return node

    async def kill(self, node: NodeProcess) -> None:
        node.process.kill()
        await node.process.wait()


@asynccontextmanager
async def processes(directory: Path, patience: float) -> AsyncGenerator[Processes, None]:
    """Node processes for the length of a test; none is left behind."""
    with trio.fail_after(patience):
        async with trio.open_nursery() as nursery:
            fleet = Processes(nursery, directory)
            try:
                yield fleet
            finally:
                with trio.CancelScope(shield=True):
                    for node in fleet.running:
                        await fleet.kill(node)
                        assert node.process.stdin is not None
                        assert node.process.stdout is not None
                        await node.process.stdin.aclose()
                        await node.process.stdout.aclose()
            nursery.cancel_scope.cancel()


async def each_reaches_the_other(one: NodeProcess, other: NodeProcess, patience: float) -> None:
    """Both publish until both have heard the other's newest word."""
    with trio.fail_after(patience):
        for attempt in range(1000):
            words = f"attempt {attempt} of one", f"attempt {attempt} of other"
            await one.publish(words[0], 1)
            await other.publish(words[1], 1)
            with trio.move_on_after(0.5):
                await other.wait_for(lambda said=words[0]: bool(other.heard(said)), 60)
                await one.wait_for(lambda said=words[1]: bool(one.heard(said)), 60)
                return
