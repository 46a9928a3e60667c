"""The network as the rest of the node sees it: messages to all, questions to one, and who is there.

    Network ── supervise ──▶ open_stack (host) ──▶ Overlay (whom to be linked with) ── Dialler
       │                          │                   └── Exchange (who else is there) ── AddressBook (on disk)
       ├── publish, messages ◀── Gate
       └── request ── Questions, handle ── Answers

It promises nothing about delivery: a message is a hint that may be lost, doubled or late, and the sync over streams is
what makes nodes agree. It does promise to stay up and bounded: the stack below may die and is rebuilt, and every
queue has an end.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import trio

from node.addresses import split_peer
from node.network import exchange, workarounds
from node.network.addressbook import SAVE_SECONDS, AddressBook, keep_saved, save
from node.network.answering import Answers, Handler
from node.network.asking import Questions
from node.network.counters import Counters, NetworkStatistics
from node.network.dialler import Dialler
from node.network.errors import NetworkError, Reason
from node.network.gate import MAX_MESSAGE, Gate
from node.network.host import Stack, open_stack
from node.network.identity import identity_of
from node.network.keyring import KeyRing
from node.network.links import Links, PeerLink
from node.network.logs import Log, tame
from node.network.mdns import look_around
from node.network.overlay import LEFT_ALONE_SECONDS, Overlay
from node.network.probe import test_address
from node.network.settings import NetworkSettings
from node.network.supervisor import supervise

HIGH_WATER = 256  # messages waiting for a neighbour at which publishing waits; well below the queue's end

FLUSH_SECONDS = 0.05  # what left a queue is on the wire by then


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
        self.stack: Stack | None = None  # None while it is rebuilt; only for this folder and its tests
        self._settings = settings
        self._identity, self._private_key = identity_of(private_key), private_key
        self._listen = settings.listen
        self._log = log
        self._without = without
        self._overlay: Overlay | None = None
        counters, links = Counters(), Links()
        self._counters, self._links = counters, links
        self._gate = Gate(self.peer_id, settings.max_links, settings.message_buffer, links, counters, log)
        self._questions = Questions(counters, links.touch)
        self._answers = Answers(counters, links.touch, log)
        self._book = AddressBook(address_book_path, self.peer_id, settings.seeds)
        self._dialler = Dialler(settings, self.peer_id, self._book, links, counters, self._gate.accepted, log)
        self._exchange = exchange.Exchange(self._book, links, settings.max_links, self._own_addresses, counters, log)
        self.handle(exchange.PROTOCOL, self._exchange.answer)

    @property
    def peer_id(self) -> str:
        return self._identity.peer_id

    @property
    def addresses(self) -> list[str]:
        """Where others can reach this node, with its peer id: what an invitation carries. Empty while down."""
        return [f"{address}/p2p/{self.peer_id}" for address in self._own_addresses()]

    @property
    def messages(self) -> "trio.MemoryReceiveChannel[tuple[str, bytes]]":
        """(origin's peer id, data) of what others published. What its reader is too slow for is dropped and counted."""
        return self._gate.messages

    def set_validator(self, valid: Callable[[str, bytes], bool]) -> None:
        """`valid(origin, data)` decides whether a message is delivered and passed on. Cheap and without waiting."""
        self._gate.validator = valid

    def accept(self, accepted: Callable[[str], bool]) -> None:
        """`accepted(peer_id)` decides who may be linked; who no longer is, is cut within a second."""
        self._gate.acceptor = accepted

    def want(self, peers: Iterable[str], addresses: Callable[[str], list[str]]) -> None:
        """Be linked with these, beside the links that are chosen. `addresses`: where one of them is said to be."""
        wanted = frozenset(peers) - {self.peer_id}
        for peer_id in wanted - self._dialler.wanted:
            if peer_id not in self._book:
                split = [found for address in addresses(peer_id) if (found := split_peer(address))]
                self._book.learn(peer_id, [address for address, _ in split])
        self._dialler.wanted = wanted

    def set_keys(self, psk: str, older: Sequence[str] = ()) -> None:
        """From now on dial with `psk`, and accept `older` ones too. Links that are up stay up. Raises NetworkError."""
        self._settings = replace(self._settings, psk=psk, older=tuple(older))
        if self.stack is not None:
            self.stack.swarm.psk = KeyRing(psk, older)

    def handle(self, protocol: str, handler: Handler) -> None:
        """Answer questions of `protocol`, at most 4 at a time per peer. Of an exception the peer learns only FAILED."""
        self._answers.add(protocol, handler, self.stack.host if self.stack else None)

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

    async def flush(self) -> None:
        """Wait until the neighbours' queues are empty, for who is about to leave. Bound it: a frozen one stays full."""
        while self.stack is not None and self.stack.longest_queue():  # the library's queues tell nobody  # noqa: ASYNC110
            await trio.sleep(0.01)
        await trio.sleep(FLUSH_SECONDS)

    async def request(self, peer_id: str, protocol: str, payload: bytes, deadline: float) -> bytes:
        """The answer of a connected peer, at most 1 MiB each way, within `deadline` seconds. Raises NetworkError.

        The stream stays open for the next question. Sent at most once: after an error the peer may have got it.
        """
        if self.stack is None:
            raise NetworkError(Reason.NOT_CONNECTED, peer_id)
        return await self._questions.ask(self.stack.host, peer_id, protocol, payload, deadline)

    def peers(self) -> list[PeerLink]:
        return self._links.all()

    @property
    def changes(self) -> int:
        """Grows whenever a neighbour comes, goes, or enters or leaves pubsub."""
        return self._links.version

    async def wait_change(self, seen: int) -> int:
        """Wait until `changes` differs from `seen`, and return it: no change is missed in between."""
        return await self._links.wait_change(seen)

    async def test(self, address: str, timeout: float) -> str | None:
        """None if a node answers at `<address>/p2p/<peer id>` with the network key of now, else why not."""
        return await test_address(address, self._settings.psk, self._private_key, timeout)

    async def disconnect(self, peer_id: str) -> None:
        """Cut a peer off; it is not dialled for a minute. To keep it away, do not `accept` it."""
        if self._overlay is not None:
            await self._overlay.close(peer_id, "asked to")

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
        try:
            await supervise(self._run_stack, task_status.started, self._counters, self._log)
        finally:
            with trio.move_on_after(SAVE_SECONDS, shield=True):
                await save(self._book, self._log)

    async def _run_stack(self, up: Callable[[], None]) -> None:
        try:
            async with open_stack(self._settings, self._identity, self._gate, self._listen, self._without) as stack:
                stack.swarm.register_notifee(self._links)
                self._answers.attach(stack.host)
                self._listen = tuple(stack.listening())
                self.stack = stack
                async with trio.open_nursery() as nursery:
                    self._start_tasks(stack, nursery)
                    up()
        finally:
            self.stack = self._overlay = None
            for link in self._links.all():
                self._forget(link.peer_id)
            self._links.clear()

    def _start_tasks(self, stack: Stack, nursery: trio.Nursery) -> None:
        self._overlay = Overlay(
            stack, self._settings, self._dialler, self._links, self._counters, self._gate.accepted, self._log
        )

        def ask(peer_id: str) -> None:
            nursery.start_soon(self._ask, peer_id)

        nursery.start_soon(self._overlay.run, ask)
        nursery.start_soon(self._exchange.ask_all, self.request, self._settings.exchange_every)
        nursery.start_soon(keep_saved, self._book, self._log)
        nursery.start_soon(self._forget_departed)
        if self._settings.mdns:
            nursery.start_soon(look_around, stack, self._settings.realm or self._settings.psk, self._book, self._log)

    async def _ask(self, peer_id: str) -> None:
        if await self._exchange.ask(self.request, peer_id):
            self._dialler.leave_alone(peer_id, LEFT_ALONE_SECONDS)

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
        return list(self._listen) if self.stack else []  # as it was when the stack came up: to ask costs

    async def _forget_departed(self) -> None:
        seen, there = self._links.version, set[str]()
        while True:
            now = {link.peer_id for link in self._links.all()}
            for peer_id in there - now:
                self._forget(peer_id)
            there = now
            seen = await self._links.wait_change(seen)

    def _forget(self, peer_id: str) -> None:
        self._questions.forget(peer_id)
        self._answers.forget(peer_id)


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
