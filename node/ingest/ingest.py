"""Ingest as a whole: binds the sockets, runs the desk, the receive loop and the spool, and ends in order.

Order of the end: the sockets are closed to new connections, who came just before is heard out, what was taken is
committed and acknowledged, everybody else is told `stopping`, and only then the desk stops.
"""

import socket
from pathlib import Path
from typing import Any

import structlog
import trio

from node.activation import unlike
from node.clock import Clock
from node.config import Config, Places
from node.ingest.connection import IssueOf
from node.ingest.counters import Counters
from node.ingest.datagram import Datagrams
from node.ingest.desk import Counting, Desk
from node.ingest.rates import Rates
from node.ingest.reading import Reading
from node.ingest.receive import Receiver
from node.ingest.repeats import Naming
from node.ingest.spool import Spools
from node.sockets import NOTHING, Bound, Passed, bind
from node.store import Store

log = structlog.get_logger("ingest")

ENDING = 10.0  # seconds for what was taken to be committed and acknowledged


class Ingest:
    """Use `run`; it reports when the sockets listen. `passed`: sockets that are there already, by name."""

    def __init__(
        self,
        config: Config,
        places: Places,
        store: Store,
        counting: Counting,
        naming: Naming,
        clock: Clock,
        issue_of: IssueOf = lambda root: None,
        passed: Passed = NOTHING,
    ) -> None:
        self.counters = Counters()
        self.desk = Desk(counting, store, naming, clock, config.retention.history, config.node.service_default)
        self._config = config
        self._places = places
        self._issue_of = issue_of
        self._passed = passed
        self.spools = Spools(places.spools, self.desk, self.counters, clock, config.retention.sessions)

    def statistics(self) -> dict[str, int]:
        """What happened since the start, by name."""
        desk = self.desk
        return self.counters.statistics() | {
            "kept": desk.kept,
            "lost": desk.lost,
            "batches": desk.batches,
            "failed_batches": desk.failures,
            "signed": desk.repeats.signed,
            "sessions": len(desk.sessions),
            "records_waiting": desk.batch.records,
            "samples_left_out": desk.sampler.left_out,
        }

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take records until cancelled. Raises `SocketError` before it has started."""
        stream, datagrams = self._bind()
        receiver = self._receiver(stream, datagrams)
        try:
            async with trio.open_nursery() as nursery:
                desk = await nursery.start(self._run_desk)
                try:
                    await self._receive(receiver, task_status)
                finally:
                    stream.close()
                    datagrams.close()
                    with trio.move_on_after(ENDING, shield=True):
                        await receiver.stop()
                    desk.cancel()
        finally:
            log.info("ingest ended", **self.statistics())

    async def _run_desk(self, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        """The desk outlives the receive loop: it is only ended by who started it."""
        with trio.CancelScope(shield=True) as scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.desk.run)
                task_status.started(scope)

    async def _receive(self, receiver: Receiver, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(receiver.run)
            await nursery.start(self.spools.run, self._config.ingest.spool_interval)
            log.info("listening", place=str(self._places.ingest), passed=" ".join(sorted(self._passed)) or "nothing")
            task_status.started()

    def _bind(self) -> tuple[Bound, Bound]:
        ingest = self._config.ingest
        if told := unlike(self._passed, int(ingest.socket_mode, 8), ingest.group):
            log.warning("socket", reason=told)
        stream = self._passed.get("ingest") or self._own(self._places.ingest, socket.SOCK_STREAM)
        try:
            return stream, self._passed.get("datagram") or self._own(self._places.datagram, socket.SOCK_DGRAM)
        except BaseException:
            stream.close()
            raise

    def _own(self, path: Path, kind: socket.SocketKind) -> Bound:
        ingest = self._config.ingest
        return bind(path, kind, int(ingest.socket_mode, 8), ingest.group)

    def _receiver(self, stream: Bound, datagrams: Bound) -> Receiver:
        ingest, client = self._config.ingest, self._config.client
        rates = Rates(ingest.rate_per_user)
        told: dict[str, Any] = {"log_lines": client.max_log_lines, "stack_trace": client.include_stack_trace}
        return Receiver(
            stream,
            Datagrams(datagrams, self.desk, self.counters, rates),
            self.desk,
            self.counters,
            Reading(self.desk, self.counters, rates, told),
            ingest.connections,
            self._issue_of,
        )
