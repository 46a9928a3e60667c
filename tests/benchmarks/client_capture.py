"""What the client costs its host, as JSON: `python -m tests.benchmarks.client_capture`.

A capture of 20 frames with the node up, away and hung; what importing and installing cost beyond what they build on;
and the ratio to the bare minimum, which is walking the same traceback into a list.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aggregator
from aggregator.client import api
from tests.stage.fake_node import FakeNode

FRAMES = 20
ROUNDS = 3_000
PAUSE_EVERY = 50  # captures; then the sender may catch up, as errors rarely come without a pause
RUNS = 15  # interpreters started for each import time
BASE = "import logging, socket, threading, json"


def failing(frames: int) -> ValueError:
    def descend(left: int) -> None:
        if left == 1:
            raise ValueError("order 4711 of customer 8 is not there")
        descend(left - 1)

    try:
        descend(frames - 1)
    except ValueError as exc:
        return exc
    raise AssertionError


def timed(call: Callable[[], object]) -> dict[str, float]:
    """Microseconds per call: median, 99 %, worst."""
    took: list[float] = []
    for number in range(ROUNDS):
        if number % PAUSE_EVERY == 0:
            time.sleep(0.02)
        start = time.perf_counter_ns()
        call()
        took.append((time.perf_counter_ns() - start) / 1000)
    took.sort()
    return {"p50_us": took[len(took) // 2], "p99_us": took[len(took) * 99 // 100], "max_us": took[-1]}


def walk(exc: BaseException) -> list[Any]:
    """The least that a capture must do."""
    frames: list[Any] = []
    node = exc.__traceback__
    while node is not None:
        frames.append((node.tb_frame.f_code, node.tb_lineno))
        node = node.tb_next
    return frames


def capture(folder: Path, node: FakeNode | None, hang: bool) -> dict[str, Any]:
    if node is not None:
        node.manners.hang = hang
    aggregator.install("benchmark", socket=str(folder / "ingest.sock"), spool=str(folder / "spool"), hooks=("logging",))
    exc = failing(FRAMES)
    result: dict[str, Any] = timed(lambda: aggregator.capture(exc))
    aggregator.flush(5)
    result["statistics"] = aggregator.statistics()
    api.uninstall()
    return result


def started(code: str) -> float:
    """Milliseconds that `code` takes in a fresh interpreter, median."""
    timing = f"import time; start = time.perf_counter_ns(); {code}; print((time.perf_counter_ns() - start) / 1e6)"

    def once() -> float:
        done = subprocess.run([sys.executable, "-c", timing], capture_output=True, text=True, check=True)
        return float(done.stdout)

    return statistics.median(once() for _ in range(RUNS))


def main() -> None:
    exc = failing(FRAMES)
    result: dict[str, Any] = {
        "frames": len(walk(exc)),
        "walk": timed(lambda: walk(exc)),
        "traceback.format_exception": timed(lambda: traceback.format_exception(exc)),
    }
    for name in ("up", "absent", "hung"):
        with tempfile.TemporaryDirectory() as folder, FakeNode(Path(folder) / "ingest.sock") as node:
            if name == "absent":
                node.stop()
            result[name] = capture(Path(folder), node, name == "hung")
            result[name]["ratio_to_walk_p50"] = result[name]["p50_us"] / result["walk"]["p50_us"]
    base = started(BASE)
    result["import_ms"] = {
        "nothing": started("pass"),
        "import aggregator": started("import aggregator"),
        BASE: base,
        "install() beyond that": started(f"{BASE}; import aggregator; aggregator.install()") - base,
    }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
