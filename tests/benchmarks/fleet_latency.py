"""How long a count takes to be seen on all of eight real nodes, as JSON: `python -m tests.benchmarks.fleet_latency`.

Every node is told of an error of its own every few seconds, 15 times; every other node is looked at ten times a second
over its control socket, which is part of what is measured. An observation is one report as one other node shows it:
8 x 7 x 15 = 840. The clock starts when the node that was told has acknowledged. All share the machine's cores.
"""

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import trio

from tests.fleet.fleet import FleetNode, name
from tests.fleet.founding import NAMES, Founded, found, listening
from tests.sender import error

ROUNDS = 15
PAUSE = 3.0  # seconds between two reports of one node, on average
LOOK = 0.1  # seconds between two looks at one node
PATIENCE = 60.0  # seconds for what comes late
LATE = 5.0  # seconds
REQUEST = b"GET /v1/errors HTTP/1.1\r\nhost: node\r\n\r\n"
PERCENT = {"p50": 0.50, "p90": 0.90, "p99": 0.99, "max": 1.0}


class Row(msgspec.Struct):
    signature: str
    count: int


class Watch:
    """What each node was told when, and when the others showed it."""

    def __init__(self, nodes: list[FleetNode]) -> None:
        self.nodes = nodes
        self.told: dict[str, list[float]] = {node.name: [] for node in nodes}
        self.seen: dict[tuple[str, str], list[float]] = {(a.name, b.name): [] for a in nodes for b in nodes if a != b}
        self.links: dict[str, int] = {}

    async def tell(self, number: int, rounds: int) -> None:
        node = self.nodes[number]
        for _ in range(rounds):
            await trio.sleep(PAUSE * random.uniform(0.5, 1.5))
            await node.report(error(number))
            self.told[node.name].append(time.monotonic())

    async def look(self, node: FleetNode) -> None:
        """Until cancelled."""
        number_of = {name(number): each.name for number, each in enumerate(self.nodes)}
        stream = await trio.open_unix_socket(node.directory / "control.sock")
        async with stream:
            while True:
                rows = await ask(stream)
                for row in rows:
                    origin = number_of[row.signature]
                    if origin != node.name:
                        seen = self.seen[origin, node.name]
                        seen += [time.monotonic()] * (row.count - len(seen))
                await trio.sleep(LOOK)

    async def wait_all(self, rounds: int) -> None:
        with trio.move_on_after(PATIENCE):
            while any(len(seen) < rounds for seen in self.seen.values()):  # noqa: ASYNC110
                await trio.sleep(LOOK)

    def delays(self) -> list[float]:
        """One for each observation, sorted; what was never seen is missing. Seen before it was acknowledged is 0."""
        pairs = [pair for (origin, _), seen in self.seen.items() for pair in zip(self.told[origin], seen, strict=False)]
        return sorted(max(0.0, seen - told) for told, seen in pairs)


async def ask(stream: trio.SocketStream) -> list[Row]:
    """One request on a connection that stays open."""
    await stream.send_all(REQUEST)
    head, _, body = (await stream.receive_some()).partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    length = int(lines[b"content-length"])
    while len(body) < length:
        body += await stream.receive_some()
    return msgspec.json.decode(body, type=list[Row])


async def settled(nodes: list[FleetNode]) -> None:
    with trio.fail_after(PATIENCE):
        for node in nodes:
            while sum(row.state == "here" for row in (await node.peers()).values()) < len(nodes) - 1:  # noqa: ASYNC110
                await trio.sleep(LOOK)


async def measure(nodes: list[FleetNode], rounds: int) -> dict[str, Any]:
    await settled(nodes)
    watch = Watch(nodes)
    async with trio.open_nursery() as looking:
        for node in nodes:
            looking.start_soon(watch.look, node)
        async with trio.open_nursery() as telling:
            for number in range(len(nodes)):
                telling.start_soon(watch.tell, number, rounds)
        await watch.wait_all(rounds)
        looking.cancel_scope.cancel()
    return summary(watch.delays(), len(watch.seen) * rounds)


def summary(delays: list[float], expected: int) -> dict[str, Any]:
    late = expected - len(delays) + sum(delay > LATE for delay in delays)
    at = {label: round(delays[min(int(share * len(delays)), len(delays) - 1)], 3) for label, share in PERCENT.items()}
    return {
        "nodes": len(NAMES),
        "observations": len(delays),
        "expected": expected,
        "seconds": at,
        "share_later_than_5_s": late / expected,
        "look_every": LOOK,
        "load": os.getloadavg()[0],
        "cores": os.cpu_count(),
    }


def start(founded: Founded, directory: Path, stack: ExitStack, names: Sequence[str] = NAMES) -> list[FleetNode]:
    nodes: list[FleetNode] = []
    for each in names:
        founded.copy(each, directory / each)
        node = FleetNode(each, founded.peers[each], directory / each, listening(founded.public[each]), {})
        nodes.append(stack.enter_context(node))  # pyright: ignore[reportArgumentType]  # its Self is a FleetNode
    return nodes


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        founded = found(Path(directory) / "founded", stack)
        nodes = start(founded, Path(directory), stack)
        print(json.dumps(trio.run(measure, nodes, rounds), indent=2))


if __name__ == "__main__":
    main()
