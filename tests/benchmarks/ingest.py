"""Ingest against its budgets, as JSON: rates, latencies, and their ratio to the ceiling taken in the same run.

`python -m tests.benchmarks.ingest [--records N] [--rounds N]`. Absolute numbers say little on a shared machine; ratios
are of medians over rounds in which node and ceiling alternate.
"""

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.loads import SMALL, WIDE, distinct, stream
from tests.fleet.harness import ROOT, DaemonProcess
from tests.sender import Disconnected, Sender, frame, new_session

CONNECTIONS = 50
SIGNATURES = 5_000
SINGLES = 400


def pipelined(path: Path, data: bytes, records: int, hello: bool) -> float:
    """Records a second, from the first byte to the last acknowledgement."""
    sender = Sender(path, timeout=120)
    if hello:
        sender.hello(new_session())
    began = time.perf_counter()
    writer = threading.Thread(target=sender.send_bytes, args=(data,))
    writer.start()
    last = 0
    while last < records:
        last = sender.answer().get("ack", 0)
    took = time.perf_counter() - began
    writer.join()
    sender.close()
    return records / took


def against_node(data: bytes, records: int) -> float:
    with tempfile.TemporaryDirectory() as directory, DaemonProcess(Path(directory), QUIET) as node:
        pipelined(node.socket, stream(SMALL, 2_000), 2_000, hello=True)  # the first use of everything
        return pipelined(node.socket, data, records, hello=True)


QUIET = ""


def against_ceiling(data: bytes, records: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "c.sock"
        arguments = [sys.executable, "-m", "tests.benchmarks.ceiling", str(path), str(Path(directory) / "c.db")]
        process = subprocess.Popen(arguments, cwd=ROOT)
        try:
            wait(lambda: path.exists() and reachable(path))
            return pipelined(path, data, records, hello=False)
        finally:
            process.kill()
            process.wait()


def reachable(path: Path) -> bool:
    try:
        Sender(path).close()
    except Disconnected:
        return False
    return True


def wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def throughput(size: str, records: int, rounds: int) -> dict[str, float]:
    data = stream(SMALL if size == "1 KB" else WIDE, records)
    node: list[float] = []
    ceiling: list[float] = []
    for _ in range(rounds):
        ceiling.append(against_ceiling(data, records))
        node.append(against_node(data, records))
    ours, most = statistics.median(node), statistics.median(ceiling)
    return {
        "bytes_per_record": round(len(data) / records),
        "records_per_second": round(ours),
        "ceiling_records_per_second": round(most),
        "ratio": round(ours / most, 3),
    }


def single_latency() -> dict[str, float]:
    """One record at a time until it is durable, in milliseconds."""
    with tempfile.TemporaryDirectory() as directory, DaemonProcess(Path(directory), QUIET) as node:
        sender = Sender(node.socket)
        sender.hello(new_session())
        times: list[float] = []
        for seq in range(1, SINGLES + 1):
            data = frame({"seq": seq, **SMALL})
            began = time.perf_counter()
            sender.send_bytes(data)
            sender.answers_to(seq)
            times.append((time.perf_counter() - began) * 1000)
        sender.close()
    cuts = statistics.quantiles(times[20:], n=100)
    return {"p50_ms": round(cuts[49], 3), "p99_ms": round(cuts[98], 3)}


def burst() -> dict[str, float]:
    """New signatures at once, until the last is acknowledged, which is when the node shows them."""
    with tempfile.TemporaryDirectory() as directory, DaemonProcess(Path(directory), QUIET) as node:
        began = time.perf_counter()
        rate = pipelined(node.socket, distinct(SIGNATURES), SIGNATURES, hello=True)
        took = time.perf_counter() - began
        counted = len(node.counts())
    return {"signatures": counted, "seconds": round(SIGNATURES / rate, 3), "with_connecting": round(took, 3)}


def many_connections(records: int) -> dict[str, float]:
    """50 connections, one record a write, from two processes."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as directory, DaemonProcess(Path(directory), QUIET) as node:
        each = records // CONNECTIONS
        began = time.perf_counter()
        senders = [context.Process(target=write_singly, args=(node.socket, CONNECTIONS // 2, each)) for _ in range(2)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        took = time.perf_counter() - began
    return {"records_per_second": round(each * CONNECTIONS / took)}


def write_singly(path: Path, connections: int, records: int) -> None:
    senders = [Sender(path, timeout=60) for _ in range(connections)]
    for sender in senders:
        sender.hello(new_session())
    frames = [frame({"seq": seq, **SMALL}) for seq in range(1, records + 1)]
    for data in frames:
        for sender in senders:
            sender.send_bytes(data)
    for sender in senders:
        sender.answers_to(records)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    result: dict[str, Any] = {
        "pipelined_1_KB": throughput("1 KB", given.records, given.rounds),
        "pipelined_4.5_KB": throughput("4.5 KB", given.records // 3, given.rounds),
        "burst_of_new_signatures": burst(),
        "single_record": single_latency(),
        "50_connections_one_record_per_write": many_connections(given.records),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
