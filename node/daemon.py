"""The whole node on one page, in the order in which things flow. Nobody but the start command and tests imports it.

Nesting is the order of the end: the innermost is ended first. What takes records ends before what tells others, and
both before the store, so nothing that was taken is left behind.

    store and counts                    closed last
      what keeps and tells              retention; network, gossip, sync
        what takes and decides          ingest; control, bundle, filing, notify
"""

import contextlib
import dataclasses
import os
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import structlog
import trio

from aggregator.agenda import Knowledge
from aggregator.record import ErrorRecord
from aggregator.severity import severity_of
from aggregator.signature import Signed, sign
from node import markerkey
from node.book import BookKeeper, open_book
from node.clock import Clock, SystemClock
from node.config import Config, ConfigError, Loaded, Places, places
from node.control.kept import said
from node.control.server import metrics_only, serve
from node.fleet import load_fleet
from node.identity import load_or_make
from node.ingest import Ingest
from node.loopdelay import LoopDelay
from node.manager import Manager
from node.mesh import Mesh, make_mesh
from node.outward import open_outward
from node.sockets import NOTHING, Bound, Passed, bind, bind_loopback
from node.store import StoreError, open_store
from node.tally import Counting, open_counting
from node.view import NodeView
from node.voice import make_notifier

log = structlog.get_logger("node")

CONTROL_MODE = 0o600  # who may connect may also enable filing
TICK_DELAY = 6.0  # seconds: what was counted before a tick is known to all by then
NOBODY = Manager()
EXPIRE_EVERY = 60.0  # seconds; far shorter than any window that leaves the lookback


async def run(
    loaded: Loaded,
    stop: trio.Event,
    environment: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
    reloads: trio.MemoryReceiveChannel[None] | None = None,
    passed: Passed = NOTHING,
    manager: Manager = NOBODY,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run a node until `stop` is set. For each message of `reloads` it reads its configuration again.

    `passed`: sockets that were bound for it, `manager`: who wants to be told how it is. Raises `StoreError`,
    `IdentityError`, `MarkerKeyError`, `FleetError`, `NetworkError` or `SocketError`.
    """
    config, clock = loaded.config, clock or SystemClock()
    where = settle_places(places(config, environment), passed)
    async with open_store(where.directory) as store:
        identity = load_or_make(where.directory / "key")
        key = markerkey.load_or_make(where.directory / markerkey.NAME)
        fleet = load_fleet(where.directory, identity.peer)
        length = fleet.length if fleet else int(config.bundle.window)
        counting = await open_counting(store, identity.peer, length, config.bundle.lookback, clock)
        keeper = await open_book(store, identity.peer, clock, fleet.roster() if fleet else None)
        known = Knowledge(counting.ledger, counting.history, keeper.book)
        outward = await open_outward(loaded, environment, key, known, keeper, store, clock, identity.peer)
        mesh = (
            make_mesh(fleet, config, where, identity, counting, keeper, store, clock, outward.terms) if fleet else None
        )
        if mesh:
            outward.memory.elsewhere, outward.terms.elect = mesh.samples.read, mesh.election.wait_turn
            outward.terms.wait = TICK_DELAY
        ingest = Ingest(config, where, store, counting, Naming(), clock, lambda root: view.address_of(root), passed)
        loop = LoopDelay()
        notifier = make_notifier(counting.origin, length, known, outward, mesh, store, clock, environment)
        counted, started = ingest.statistics, clock.now()
        view = NodeView(
            identity.peer, known, keeper, outward, mesh, store, clock, counted, started, where, loop, notifier
        )
        if mesh:
            mesh.relay.rows = partial(said, view)

        async with trio.open_nursery() as keeping:
            keeping.start_soon(expire, counting, keeper, mesh, config, clock)
            if mesh and config.network.enabled:
                await keeping.start(mesh.run)

            async with trio.open_nursery() as taking:
                taking.start_soon(outward.candidacy.run)
                taking.start_soon(outward.bundler.run)
                await taking.start(notifier.run)
                if reloads:
                    taking.start_soon(reload_when_told, reloads, view, manager)
                taking.start_soon(loop.run)
                await taking.start(control, where.control, passed.get("control"), view)
                if config.control.metrics:
                    await taking.start(metrics, config.control.metrics, view)
                await taking.start(ingest.run)

                log.info("node started", peer=identity.peer, directory=str(where.directory), config=str(loaded.path))
                manager.ready()
                taking.start_soon(manager.run, view.in_a_line)
                task_status.started()
                await stop.wait()
                log.info("node stops")
                manager.stopping()
                taking.cancel_scope.cancel()
            keeping.cancel_scope.cancel()
    log.info("node stopped")


def settle_places(where: Places, passed: Passed) -> Places:
    """The places of sockets as they are: one that was passed is where who made it put it."""
    found = {role: bound.path for role, bound in passed.items() if getattr(where, role) != bound.path}
    for role, path in found.items():
        log.warning("socket", reason=f"{role} was passed at {path}; by its settings it is at {getattr(where, role)}")
    return dataclasses.replace(where, **found, passed=frozenset(passed))


async def control(
    path: Path, passed: Bound | None, view: NodeView, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Answer on the control socket: its owner's and root's only. Raises `SocketError` before it has started."""
    bound = passed or bind(path, socket.SOCK_STREAM, CONTROL_MODE)
    try:
        await serve(bound.socket, view, task_status=task_status)
    finally:
        bound.close()


async def metrics(address: str, view: NodeView, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Show the numbers, and nothing else, over TCP on loopback. Raises `SocketError` before it has started."""
    with bind_loopback(address) as bound:
        await serve(bound, view, metrics_only, task_status)


async def reload_when_told(reloads: trio.MemoryReceiveChannel[None], view: NodeView, manager: Manager = NOBODY) -> None:
    """Until cancelled. What is refused is in the log, and the old configuration stays."""
    async for _ in reloads:
        manager.reloading()
        with contextlib.suppress(ConfigError):
            await view.reload()
        manager.ready()


class Naming:
    """How records are named on this node."""

    def sign(self, record: ErrorRecord) -> Signed:
        return sign(record)

    def severity(self, record: ErrorRecord) -> str:
        return severity_of(record)


async def expire(counting: Counting, keeper: BookKeeper, mesh: Mesh | None, config: Config, clock: Clock) -> None:
    """Let go of what is too old, again and again."""
    while True:
        await trio.sleep(EXPIRE_EVERY)
        try:
            await counting.expire(clock.now(), config.retention, keeper.book.waiting())
        except StoreError as error:
            log.error("nothing was let go", reason=str(error))
        if mesh:
            mesh.fleet.drop()
