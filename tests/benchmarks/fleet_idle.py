"""What a node of a fleet costs at rest, as JSON: `python -m tests.benchmarks.fleet_idle [NODES] [SECONDS]`.

Real nodes on loopback, linked and settled; then CPU and memory are read before and after a silence. With more nodes
than cores the share of each is still right: what is read is the time that a process was given, not the clock.
"""

import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import trio

from tests.benchmarks.fleet_latency import settled
from tests.fleet.fleet import FleetNode
from tests.fleet.founding import NAMES, Founded, found, listening

QUIET = 60.0  # seconds that are measured
WARM = 10.0  # seconds after all have settled, until what a start sets going is over
TICKS = os.sysconf("SC_CLK_TCK")  # of CPU time in a second
KIB = 1024
CONFIG = """\
[node]
directory = "{directory}/state"
[ingest]
socket = "{directory}/ingest.sock"
spool = ["{directory}/spool"]
"""  # all else as it is by default


def cpu(node: FleetNode) -> float:
    """Seconds of CPU that the process has had."""
    fields = Path(f"/proc/{node.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(node: FleetNode) -> float:
    """MiB that are resident."""
    lines = Path(f"/proc/{node.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / KIB


async def measure(nodes: list[FleetNode], quiet: float) -> dict[str, Any]:
    await settled(nodes)
    await trio.sleep(WARM)
    before, began = [cpu(node) for node in nodes], time.monotonic()
    await trio.sleep(quiet)
    elapsed = time.monotonic() - began
    shares = [100 * (cpu(node) - was) / elapsed for node, was in zip(nodes, before, strict=True)]
    return {
        "nodes": len(nodes),
        "seconds": round(elapsed, 1),
        "cpu_percent": [round(share, 2) for share in shares],
        "cpu_percent_mean": round(sum(shares) / len(shares), 3),
        "memory_mib": [round(memory(node), 1) for node in nodes],
        "links": [len((await node.status()).peers) for node in nodes],
        "load": os.getloadavg()[0],
        "cores": os.cpu_count(),
    }


def start(founded: Founded, name: str, directory: Path) -> FleetNode:
    founded.copy(name, directory)
    node = FleetNode(name, founded.peers[name], directory, "", {})
    node.config.write_text(CONFIG.format(directory=directory) + listening(founded.public[name]))
    return node


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    quiet = float(sys.argv[2]) if len(sys.argv) > 2 else QUIET
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        founded = found(Path(directory) / "founded", stack, NAMES[:count])
        nodes = [start(founded, name, Path(directory) / name) for name in NAMES[:count]]
        for node in nodes:
            stack.enter_context(node)
        print(json.dumps(trio.run(measure, nodes, quiet), indent=2))


if __name__ == "__main__":
    main()
