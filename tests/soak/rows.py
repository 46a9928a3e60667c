"""What the nodes cost, minute by minute, and whether that is flat.

Flat means: after a warm-up (buffers, caches and the lookback fill) memory stays within the bound that the project
promises for overload, and when the load is gone descriptors, tasks and sessions are back where they were before it.
"""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.fleet.harness import DaemonProcess

MIB = 1024 * 1024
GROWTH_MIB = 48  # resident memory beyond the warm-up: the budget under overload
AIM_MIB = 24
SPARE = 6  # descriptors, and tasks, that a node at rest may have more than before: a neighbour's streams come and go
HEAD = "minute  rss MiB  fds  threads  tasks  conns  sessions   records/s  refused/s  loop ms  db MiB  wal MiB"


class Row(NamedTuple):
    """One node at one moment."""

    minute: float
    rss: float  # MiB
    fds: int
    threads: int
    tasks: int
    connections: int  # accepted since the start
    sessions: int  # in memory
    records: int
    refused: int
    ended: int  # conversations, because of what was said, or how slowly
    delay: float  # milliseconds: how late the loop was at worst within the last minute
    database: float  # MiB
    wal: float  # MiB


async def links(node: DaemonProcess) -> int:
    """How many neighbours a node has."""
    return int((await _values(node)).get("error_aggregator_links", 0))


async def _values(node: DaemonProcess) -> dict[str, float]:
    transport = httpx.AsyncHTTPTransport(uds=str(node.directory / "control.sock"))
    async with httpx.AsyncClient(transport=transport, base_url="http://node", timeout=30) as http:
        return _sums((await http.get("/metrics")).text)


async def look(node: DaemonProcess, minute: float) -> Row:
    """Ask a node for its numbers."""
    values = await _values(node)
    wal = node.database.with_name("state.db-wal")
    return Row(
        minute,
        values["process_resident_memory_bytes"] / MIB,
        int(values["process_open_fds"]),
        int(values["error_aggregator_threads"]),
        int(values["error_aggregator_tasks"]),
        int(values["error_aggregator_connections_total"]),
        int(values["error_aggregator_sessions"]),
        int(values["error_aggregator_records_total"]),
        int(values.get("error_aggregator_records_refused_total", 0)),
        int(values["error_aggregator_connections_ended_total"]),
        values["error_aggregator_loop_delay_seconds"] * 1000,
        node.database.stat().st_size / MIB,
        wal.stat().st_size / MIB if wal.exists() else 0.0,
    )


def _sums(text: str) -> dict[str, float]:
    """Each metric, its labels added up."""
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
    return sums


def line(row: Row, before: Row | None) -> str:
    """A row of the table; rates since the one before."""
    seconds = (row.minute - before.minute) * 60 if before else 0.0
    rates = (
        ((row.records - before.records) / seconds, (row.refused - before.refused) / seconds)
        if before and seconds
        else (0.0, 0.0)
    )
    connections = row.connections - (before.connections if before else 0)
    return (
        f"{row.minute:6.1f}  {row.rss:7.1f}  {row.fds:3d}  {row.threads:7d}  {row.tasks:5d}  {connections:5d}  "
        f"{row.sessions:8d}  {rates[0]:10.1f}  {rates[1]:9.1f}  {row.delay:7.1f}  {row.database:6.2f}  {row.wal:7.2f}"
    )


def judge(name: str, before: Row, under: Sequence[Row], rest: Row, warm: float) -> list[str]:
    """What is not flat; nothing: it is. `before` and `rest`: without load; `warm`: minutes."""
    wrong: list[str] = []
    warmed = [row for row in under if row.minute >= warm]
    if growth(warmed) > GROWTH_MIB:
        wrong.append(f"{name}: memory grew by {growth(warmed):.1f} MiB after minute {warm:.0f}: at most {GROWTH_MIB}")
    for what in ("fds", "tasks"):
        was, now = getattr(before, what), getattr(rest, what)
        if now > was + SPARE:
            wrong.append(f"{name}: {now} {what} at rest, {was} before the load")
    if rest.sessions:
        wrong.append(f"{name}: {rest.sessions} sessions are held in memory at rest")
    return wrong


def growth(rows: Sequence[Row]) -> float:
    """MiB between the first and the highest."""
    return max((row.rss for row in rows), default=0.0) - rows[0].rss if rows else 0.0


def trend(rows: Sequence[Row]) -> float:
    """MiB by which the last quarter is above the first, in the middle."""
    quarter = max(len(rows) // 4, 1)
    return _middle(rows[-quarter:]) - _middle(rows[:quarter]) if rows else 0.0


def _middle(rows: Iterable[Row]) -> float:
    return statistics.median(row.rss for row in rows)
