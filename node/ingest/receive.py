"""The one receive loop: all connections and datagrams, in one task.

A task per connection would cost more than a record does. So one task waits for an epoll set, and reads from every
socket that has something (see `reading`). Everybody who is ready has its turn before anybody has another, and what a
turn may take is bounded, so who sends much delays the others by little. While the growing batch is full the loop waits;
then nobody is read from, and senders wait in the kernel.

At the end, who connected to say one thing and has not finished is heard out for a moment: somebody accepted it, so it
would not wait for the next node. Who holds a session comes again by itself.

At most `connections` at a time: a further one is told `busy`, and told that it may try again, unless its user has fewer
than another (see `crowd`). A connection that stays in the middle of a frame, or does not take its answers, is ended
after `PATIENCE`.
"""

import select
import socket
import time

import structlog
import trio

from node.ingest.connection import Connection, IssueOf
from node.ingest.counters import Counters
from node.ingest.crowd import Crowd
from node.ingest.datagram import Datagrams
from node.ingest.desk import Desk
from node.ingest.poll import Poll
from node.ingest.reading import Reading
from node.ingest.turns import Turns
from node.sockets import Bound, peer_of

log = structlog.get_logger("ingest")

PATIENCE = 30.0  # seconds
SWEEP = 5.0  # seconds between two looks for connections that do not go on
ACCEPTED = 64  # connections in one round
TURNED_AWAY = 64  # connections that are told `busy` at a time; beyond, they are closed without a word
CLOSED = -1  # no descriptor
NOBODY = -1  # the user of the sockets themselves
ROUND = 0.02  # seconds after which the node's other tasks have their turn
LAST_WORDS = 0.5  # seconds in which who is heard out has to finish


class Receiver:
    """Reads. `run` it; `stop` ends every conversation in order."""

    def __init__(
        self,
        stream: Bound,
        datagrams: Datagrams,
        desk: Desk,
        counters: Counters,
        reading: Reading,
        most: int,
        issue_of: IssueOf,
    ) -> None:
        self.connections = Crowd()
        self._stream = stream
        self._datagrams = datagrams
        self._desk = desk
        self._counters = counters
        self._most = most
        self._issue_of = issue_of
        self._reading = reading
        self._poll = Poll()
        self._ready: Turns[tuple[int, int, Connection | None]] = Turns()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Read until cancelled."""
        doors = (self._stream.socket.fileno(), self._datagrams.fileno())
        for door in doors:
            self._poll.watch(door, select.EPOLLIN)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._sweep)
                task_status.started()
                while True:
                    await self._round(*doors)
        finally:
            for door in doors:  # a passed socket stays in the set when its descriptor is closed
                self._poll.watch(door, 0)

    async def stop(self) -> None:
        """Hear out who has just come, settle what was taken, tell everybody, close."""
        with trio.move_on_after(LAST_WORDS):
            while any(each.begun for each in self.connections):
                await self._round(CLOSED, CLOSED)
        await self._desk.drain()
        for connection in self.connections:
            connection.over = connection.over or {"error": "stopping", "retry": True}
            connection.say_over()
            self._close(connection)
        self._poll.close()

    async def _round(self, listening: int, arriving: int) -> None:
        """Wait until there is something, and take it."""
        await self._wait_ready()
        await self._desk.wait_room()
        self._desk.begin()
        self._take_turns(listening, arriving)
        waiting = [each for each in self.connections if each.hello is not None]
        await self._reading.greet(waiting, self.answered, self._close)

    def answered(self, connection: Connection) -> None:
        """Its answers were sent, or are waiting to be: read on, write, or close."""
        if connection.finished:
            self._close(connection)
        elif self.connections.get(connection.handle) is connection:
            self._poll.watch(connection.handle, connection.events)
        while self.connections.weigh(connection):
            self._counters.full += 1
            self._send_away(self.connections.heaviest())

    async def _wait_ready(self) -> None:
        if self._ready:
            await trio.lowlevel.checkpoint()
            return
        await trio.lowlevel.wait_readable(self._poll.fileno())
        for handle, events in self._poll.ready():
            connection = self.connections.get(handle)
            self._ready.add(connection.peer.uid if connection else NOBODY, (handle, events, connection))

    def _take_turns(self, listening: int, arriving: int) -> None:
        """Everybody who is ready, as far as there is room for what they send."""
        batch, end = self._desk.batch, time.perf_counter() + ROUND
        while self._ready and not batch.full() and time.perf_counter() < end:
            handle, events, connection = self._ready.take()
            if handle == listening:
                self._accept()
            elif handle == arriving:
                self._datagrams.receive(self._reading.view, trio.current_time())
            elif connection and self.connections.get(handle) is connection:  # else it has gone meanwhile
                self._serve(connection, events)

    def _accept(self) -> None:
        for _ in range(ACCEPTED):
            try:
                sock, _ = self._stream.socket.accept()
            except BlockingIOError:
                return
            except OSError as error:  # no descriptors left, most likely: those that wait will be accepted later
                log.warning("connection not accepted", reason=error.strerror)
                self._poll.watch(self._stream.socket.fileno(), 0)  # until the next sweep, else it is ready for ever
                return
            sock.setblocking(False)
            self._welcome(sock)

    def _welcome(self, sock: socket.socket) -> None:
        self._counters.connections += 1
        peer = peer_of(sock)
        if len(self.connections) >= self._most and (idle := self.connections.place_for(peer.uid)):
            self._counters.displaced += 1
            self._send_away(idle)
        surplus = len(self.connections) - self._most
        self._counters.busy += surplus >= 0
        if surplus >= TURNED_AWAY:
            sock.close()
            return
        connection = Connection(sock, peer, self._desk, self._counters, self._issue_of, self.answered)
        connection.busy = surplus >= 0
        connection.since = trio.current_time()
        self.connections.add(connection)
        self._poll.watch(connection.handle, connection.events)

    def _serve(self, connection: Connection, events: int) -> None:
        if events & select.EPOLLOUT:
            connection.flush()
            connection.since = trio.current_time()
        elif events & (select.EPOLLERR | select.EPOLLHUP) and not events & select.EPOLLIN:
            connection.ended = connection.broken = True
        else:
            self._reading.read(connection)
        self.answered(connection)

    def _close(self, connection: Connection) -> None:
        connection.leave()
        if self.connections.remove(connection):
            self._poll.watch(connection.handle, 0)
            connection.socket.close()

    def _send_away(self, connection: Connection, reason: str = "busy") -> None:
        """It may come back."""
        connection.rest = b""
        connection.over = {"error": reason, "retry": True}
        connection.say_over()
        self._close(connection)

    async def _sweep(self) -> None:
        while True:
            await trio.sleep(SWEEP)
            self._poll.watch(self._stream.socket.fileno(), select.EPOLLIN)
            self._end_slow(trio.current_time())

    def _end_slow(self, now: float) -> None:
        for connection in self.connections:
            if connection.stuck and now - connection.since > PATIENCE:
                self._counters.slow += 1
                self._send_away(connection, f"nothing came for {PATIENCE:.0f} s")
