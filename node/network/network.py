"""The network as the rest of the node sees it: messages to all, questions to one, and who is there.

    Network ── supervise ──▶ open_stack (host.py) ──▶ Overlay (who to be linked with)
       │                          │                      ├── exchange (who else is there)
       │                          ▼                      └── AddressBook (on disk)
       ├── publish / messages   pubsub
       └── request / handle     streams

It promises nothing about delivery: a message is a hint that may be lost, doubled or late, and the sync over streams is
what makes nodes agree. It does promise to stay up and bounded: the stack below may die and is rebuilt, and every
queue here has an end (`messages` drops and counts what its reader is too slow for).
"""

import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from node.network import exchange, workarounds
from node.network.addressbook import AddressBook
from node.network.counters import Counters, NetworkStatistics
from node.network.errors import NetworkError, Reason
from node.network.host import Stack, open_stack
from node.network.identity import identity_of
from node.network.links import Links, PeerLink
from node.network.logs import Log, tame
from node.network.mdns import look_around
from node.network.overlay import Overlay
from node.network.settings import NetworkSettings
from node.network.streams import Handler, Streams
from node.network.supervisor import supervise

MAX_MESSAGE = 32 * 1024  # bytes; with its envelope it must fit links that deliver tiny segments
HIGH_WATER = 256  # messages waiting for a neighbour at which publishing waits; well below the queue's end
CONNECTIONS_PER_PEER = 3
SAVE_SECONDS = 5.0
EXCHANGE_DEADLINE = 5.0


class Network:
    """One node's network. Make it, say what it answers, then `await nursery.start(network.run)`."""

    def __init__(
        self,
        settings: NetworkSettings,
        private_key: bytes,
        address_book_path: Path,
        log: Log,
        *,
        without: frozenset[str] = frozenset(),
    ) -> None:
        """`private_key` is a 32-byte Ed25519 seed; `without` names work-arounds to leave out, for tests.

        Raises NetworkError on a bad key, or a libp2p that is not the pinned one.
        """
        workarounds.check_private_names()
        self._settings = settings
        self._identity = identity_of(private_key)
        self._log = log
        self._without = without
        self.stack: Stack | None = None  # None while it is rebuilt; only for this folder and its tests
        self._listen = settings.listen
        self._counters = Counters()
        self._links = Links()
        self._streams = Streams(self._counters, self._links.touch, log)
        self._book = AddressBook(address_book_path, self.peer_id, settings.seeds)
        self._overlay = Overlay(settings, self.peer_id, self._book, self._links, self._counters, self._is_accepted, log)
        self._validator: Callable[[str, bytes], bool] = lambda _origin, _data: True
        self._accept: Callable[[str], bool] = lambda _peer_id: True
        self._send, self.messages = trio.open_memory_channel[tuple[str, bytes]](settings.message_buffer)
        self._draw = random.Random()  # noqa: S311 - which addresses to tell is no secret
        self.handle(exchange.PROTOCOL, self._answer_exchange)

    # What the node uses.

    @property
    def peer_id(self) -> str:
        return self._identity.peer_id

    @property
    def addresses(self) -> list[str]:
        """Where others can reach this node, with its peer id: what an invitation carries. Empty while down."""
        return [f"{address}/p2p/{self.peer_id}" for address in self._own_addresses()]

    def set_validator(self, valid: Callable[[str, bytes], bool]) -> None:
        """`valid(origin, data)` decides whether a message is delivered and passed on. Cheap and without waiting."""
        self._validator = valid

    def accept(self, accepted: Callable[[str], bool]) -> None:
        """`accepted(peer_id)` decides who may be linked; who no longer is, is cut within a second."""
        self._accept = accepted

    def handle(self, protocol: str, handler: Handler) -> None:
        """Answer questions of `protocol`, at most 4 at a time per peer. Of an exception the peer learns only FAILED."""
        self._streams.handlers[protocol] = handler
        if self.stack is not None:
            self._streams.attach_one(self.stack.host, protocol)

    async def publish(self, data: bytes) -> None:
        """Tell all nodes, at most 32 KiB. Waits for slow neighbours, but not longer than the deadline, then sends.

        Raises NetworkError if `data` is too large. What cannot be sent is dropped and counted.
        """
        if len(data) > MAX_MESSAGE:
            raise NetworkError(Reason.TOO_LARGE, f"a message of {len(data)} bytes, at most {MAX_MESSAGE}")
        with trio.move_on_after(self._settings.publish_deadline):
            # The library's queues tell nobody that they shrink, so look again.
            while self.stack is None or self.stack.longest_queue() >= HIGH_WATER:  # noqa: ASYNC110
                await trio.sleep(0.01)
        await self._publish(data)
        await trio.lowlevel.checkpoint()

    async def request(self, peer_id: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        """The answer of a connected peer, at most 1 MiB each way, within `deadline` seconds. Raises NetworkError."""
        if self.stack is None:
            raise NetworkError(Reason.NOT_CONNECTED, peer_id)
        return await self._streams.ask(self.stack.host, peer_id, protocol, payload, deadline)

    def peers(self) -> list[PeerLink]:
        return self._links.all()

    @property
    def changes(self) -> int:
        """Grows whenever a neighbour comes, goes, or enters or leaves pubsub."""
        return self._links.version

    async def wait_change(self, seen: int) -> int:
        """Wait until `changes` differs from `seen`, and return it: no change is missed in between."""
        return await self._links.wait_change(seen)

    async def disconnect(self, peer_id: str) -> None:
        """Cut a peer off; it is not dialled for a minute. To keep it away, do not `accept` it."""
        if self.stack is not None:
            await self._overlay.close(self.stack, peer_id, "asked to")

    def statistics(self) -> NetworkStatistics:
        return self._counters.snapshot(
            links=len(self._links),
            longest_queue=self.stack.longest_queue() if self.stack else 0,
            messages_waiting=self.messages.statistics().current_buffer_used,
        )

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; started when it listens. Raises NetworkError if it cannot listen at first."""
        tame(self._log)
        if problem := await trio.to_thread.run_sync(self._book.load):
            self._log.warning("address book unreadable, starting with the seeds", reason=problem)
        started = False

        def ready() -> None:
            nonlocal started
            if not started:
                started = True
                task_status.started()

        try:
            await supervise(self._run_stack, ready, self._counters, self._log)
        finally:
            with trio.move_on_after(SAVE_SECONDS, shield=True):
                await self._save_book()

    # What runs inside.

    async def _run_stack(self, up: Callable[[], None]) -> None:
        try:
            async with open_stack(self._settings, self._identity, self, self._listen, self._without) as stack:
                stack.swarm.register_notifee(self._links)
                self._streams.attach(stack.host)
                self._listen = tuple(stack.listening())
                self.stack = stack
                async with trio.open_nursery() as nursery:

                    def ask(peer_id: str) -> None:
                        nursery.start_soon(self._ask_peer, peer_id)

                    nursery.start_soon(self._overlay.run, stack, ask)
                    nursery.start_soon(self._ask_all)
                    nursery.start_soon(self._save_when_changed)
                    nursery.start_soon(self._forget_departed)
                    if self._settings.mdns:
                        nursery.start_soon(look_around, stack, self._settings.psk, self._book, self._log)
                    up()
        finally:
            self.stack = None
            for link in self._links.all():
                self._streams.forget(link.peer_id)
            self._links.clear()

    async def _publish(self, data: bytes) -> None:
        if self.stack is None:
            self._counters.dropped += 1
            return
        try:
            await self.stack.pubsub.publish(self._settings.topic, data)
        except Exception as error:
            # The stack may die under our hands; a message is only a hint.
            self._counters.dropped += 1
            self._log.debug("message dropped", reason=repr(error))
        else:
            self._counters.published += 1

    def _own_addresses(self) -> list[str]:
        if self._settings.announce:
            return list(self._settings.announce)
        return self.stack.listening() if self.stack else []

    def _is_accepted(self, peer_id: str) -> bool:
        try:
            return self._accept(peer_id)
        except Exception as error:
            self._log.warning("accept failed", peer=peer_id, error=repr(error))
            return False

    async def _ask_peer(self, peer_id: str) -> None:
        try:
            question = exchange.question(self._own_addresses())
            told = await self.request(peer_id, exchange.PROTOCOL, question, EXCHANGE_DEADLINE)
        except NetworkError as error:
            self._log.debug("no peer exchange", peer=peer_id, reason=str(error))
            return
        if exchange.take_answer(told, self._book, peer_id, self._remote(peer_id), self._counters):
            self._overlay.leave_alone(peer_id)

    async def _answer_exchange(self, peer_id: str, question: bytes) -> bytes:
        exchange.take_question(question, self._book, peer_id, self._remote(peer_id), self._counters)
        full = len(self._links) > self._settings.max_links
        linked = {link.peer_id for link in self._links.all()}
        return exchange.answer(self._book, self._own_addresses(), peer_id, linked, full=full, draw=self._draw)

    def _remote(self, peer_id: str) -> str:
        link = self._links.get(peer_id)
        return link.address if link else ""

    async def _ask_all(self) -> None:
        while True:
            await trio.sleep(self._settings.exchange_every * self._draw.uniform(0.7, 1.3))
            async with trio.open_nursery() as nursery:
                for link in self._links.all():
                    nursery.start_soon(self._ask_peer, link.peer_id)

    async def _forget_departed(self) -> None:
        seen, there = self._links.version, set[str]()
        while True:
            now = {link.peer_id for link in self._links.all()}
            for peer_id in there - now:
                self._streams.forget(peer_id)
            there = now
            seen = await self._links.wait_change(seen)

    async def _save_when_changed(self) -> None:
        while True:
            await trio.sleep(SAVE_SECONDS)
            if self._book.changed:
                await self._save_book()

    async def _save_book(self) -> None:
        try:
            await trio.to_thread.run_sync(self._book.save)
        except OSError as error:
            self._log.warning("address book not saved", reason=str(error))

    # What the stack reports (host.Sink).

    def admit(self, peer_id: str) -> str | None:
        if peer_id == self.peer_id:
            return "this node itself"
        if not self._is_accepted(peer_id):
            return "not accepted"
        if self._links.connections(peer_id) >= CONNECTIONS_PER_PEER:
            return "too many connections of one peer"
        if peer_id not in self._links and len(self._links) >= 2 * self._settings.max_links:
            return "full"
        return None

    def valid(self, origin: str, data: bytes) -> bool:
        if len(data) > MAX_MESSAGE:
            self._counters.reject("message too large")
            return False
        try:
            good = self._validator(origin, data)
        except Exception as error:
            self._log.warning("validator failed", origin=origin, error=repr(error))
            good = False
        if not good:
            self._counters.reject("message invalid")
        return good

    def arrived(self, forwarder: str) -> None:
        self._counters.received += 1
        self._links.touch(forwarder)

    def deliver(self, origin: str, data: bytes) -> None:
        try:
            self._send.send_nowait((origin, data))
        except trio.WouldBlock:
            self._counters.overflowed += 1
        else:
            self._counters.delivered += 1

    def queue_full(self) -> None:
        self._counters.dropped += 1

    def misbehaved(self, reason: str, detail: str) -> None:
        self._counters.reject(reason)
        self._log.debug(reason, detail=ascii(detail)[:300])


@asynccontextmanager
async def open_network(
    settings: NetworkSettings, private_key: bytes, address_book_path: Path, log: Log
) -> AsyncGenerator[Network, None]:
    """A running network for as long as the block lasts, for users that need no handler from the first moment."""
    network = Network(settings, private_key, address_book_path, log)
    async with trio.open_nursery() as nursery:
        await nursery.start(network.run)
        yield network
        nursery.cancel_scope.cancel()
