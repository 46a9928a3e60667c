"""`make scale`: the table of docs/scale.md. Some sizes only: `python -m tests.simulation.scale_table 10 100`."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from statistics import mean

from aggregator.book import Book
from tests.simulation.fleetnode import member
from tests.simulation.rounds import ROUND, RoundWorld, by_rounds
from tests.simulation.scale import LOADS, STEADY, Load, ScaleWorld, joining, quantile, weigh
from tests.simulation.scalenode import ScaleNode

SECONDS = {10: 60.0, 100: 15.0, 1000: 45.0}  # virtual, by events
ROUNDS = 14  # of half a minute: longer than the longest pause between two visits
LARGEST = 10_000
HEAD = (
    "| nodes | load | gossip of all, mean / busiest 10 s (by rounds: 30 s) | messages a node and s "
    "| bytes a node and s (keeper) | known after 50 / 99 / 100 % | memory (keeper) | pages on disk (keeper) |\n"
    "|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:]] or [*SECONDS, LARGEST]
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {sys.version.split()[0]}\n\n{HEAD}", flush=True)
    notes: list[str] = []
    for count in sizes:
        for load in LOADS:
            print(f"{count} nodes, {load.name} …", file=sys.stderr, flush=True)
            world, seconds = played(count, load)
            print(row(world, load, seconds), flush=True)
            if load is STEADY:
                notes += [f"- {newcomer(world)}", f"- {restarted(world)}"]
                print("\n".join(notes[-2:]), file=sys.stderr, flush=True)
    print("\n" + "\n".join(notes))


def played(count: int, load: Load) -> tuple[ScaleWorld, float]:
    if count not in SECONDS:
        world = RoundWorld(count, by_rounds(load), probe_every=97)
        world.rounds(ROUNDS)
        return world, ROUNDS * ROUND
    world = ScaleWorld(count, load, probe_every=max(1, count // 50))
    world.run(SECONDS[count])
    return world, SECONDS[count]


def row(world: ScaleWorld, load: Load, seconds: float) -> str:
    keepers = [world.nodes[each] for each in world.keepers][:8]
    others = [node for node in world.nodes.values() if not node.keeps][:50] or keepers
    seen, start = world.seen, world.world.start
    known = " / ".join(f"{quantile(seen.delays, percent):.1f}" for percent in (50, 99, 100)) + " s"
    known += f" ({seen.waits} of {seen.waits + len(seen.delays)} to come)" if seen.waits else ""
    return (
        f"| {len(world.nodes):,} | {load.name} | {len(seen.gossip) / seconds:.1f} / {seen.busiest(start):.1f} "
        f"| {messages(world, others, seconds):.1f} | {pair(size(world, each, seconds) for each in (others, keepers))} "
        f"| {known if load.every else '-'} | {pair(mean(map(weigh, each[:2])) for each in (others, keepers))} "
        f"| {pair(mean(node.disk() for node in each) for each in (others, keepers))} |"
    )


def messages(world: ScaleWorld, some: list[ScaleNode], seconds: float) -> float:
    """Gossip heard, each message once, and questions and answers; of one node in a second."""
    asked = mean(node.traffic["sync"] + node.traffic["visit"] for node in some)
    return (len(world.seen.gossip) + asked) / seconds


def size(world: ScaleWorld, some: list[ScaleNode], seconds: float) -> float:
    told = sum(node.traffic["gossip bytes"] for node in world.nodes.values())
    asked = mean(node.traffic["sync bytes"] + node.traffic["visit bytes"] for node in some)
    return (told + asked) / seconds


def pair(values: Iterable[float]) -> str:
    """Others, and keepers where they differ."""
    texts = [amount(value) for value in values]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} ({texts[1]})"


def amount(value: float) -> str:
    return f"{value:.0f} B" if value < 1000 else f"{value / 1000:.1f} kB" if value < 1e6 else f"{value / 1e6:.1f} MB"


def newcomer(world: ScaleWorld) -> str:
    book = Book()
    for name in world.shared.names:
        book.put_ruling(book.rule("member", name, encoded(name), name))
    full = world.nodes[world.keepers[0]]
    questions, size, pages = joining(full, book, world.world.now)
    return f"{len(world.nodes):,} nodes, one joins: {questions} messages, {amount(size)}, of that {pages} pages"


def encoded(name: str) -> bytes:
    import msgspec

    return msgspec.msgpack.encode(member(name))


def restarted(world: ScaleWorld) -> str:
    """All nodes at once, while errors go on."""
    world.seen.visits, begun = Counter(), world.world.now
    if isinstance(world, RoundWorld):
        world.restart()
        world.rounds(ROUNDS)
    else:
        for node in world.nodes.values():
            node.begin(begun)
        world.run(SECONDS[len(world.nodes)])
    seconds = world.world.now - begun
    visits = max(world.seen.visits.values(), default=0) / seconds
    return (
        f"{len(world.nodes):,} nodes, all restart at once: at most {world.seen.busiest(begun):.1f} messages "
        f"a second, {visits:.1f} visits a second to the busiest keeper"
    )


if __name__ == "__main__":
    main()
