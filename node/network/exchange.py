"""Peers tell each other of peers: the only way by which a node that knows one seed learns of the fleet.

On connecting and every half minute a node says where it listens and gets some addresses back. What is passed on was
reached by the teller itself, or said by a peer of itself while linked to the teller: inventions do not travel.
All of it is hostile input: decoded against a schema, bounded, and checked address by address before the book learns it.
"""

import random
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
import trio

from node.addresses import MAX_ADDRESS_CHARS, checked
from node.network.addressbook import ADDRESSES_PER_PEER, AddressBook
from node.network.addresses import at_host, host_and_port, is_loopback
from node.network.counters import Counters
from node.network.errors import NetworkError
from node.network.links import Links
from node.network.logs import Log

PROTOCOL = "/error-aggregator/peers/1"
MOST_TOLD = 32  # peers per answer
MAX_BYTES = 64 * 1024
DEADLINE = 5.0  # seconds

_Kind = TypeVar("_Kind")
Request = Callable[[str, str, bytes, float], Awaitable[bytes]]

_Address = Annotated[str, msgspec.Meta(max_length=MAX_ADDRESS_CHARS)]
_Addresses = Annotated[list[_Address], msgspec.Meta(max_length=ADDRESSES_PER_PEER)]


class _Peer(msgspec.Struct, frozen=True):
    id: Annotated[str, msgspec.Meta(max_length=64)]
    addresses: _Addresses


class Question(msgspec.Struct, frozen=True):
    """Where the asking node listens."""

    addresses: _Addresses


class Answer(msgspec.Struct, frozen=True):
    """Where the answering node listens, whom it knows, and whether it would rather not keep this link."""

    addresses: _Addresses
    peers: Annotated[list[_Peer], msgspec.Meta(max_length=MOST_TOLD)]
    full: bool = False


def question(own_addresses: list[str]) -> bytes:
    return msgspec.json.encode(Question(own_addresses[:ADDRESSES_PER_PEER]))


def answer(
    book: AddressBook, own_addresses: list[str], asker: str, linked: set[str], *, full: bool, draw: random.Random
) -> bytes:
    """A random choice of what may be told, without the asker itself."""
    known = [_Peer(peer_id, addresses) for peer_id, addresses in book.tellable(linked) if peer_id != asker]
    told = draw.sample(known, min(MOST_TOLD, len(known)))
    return msgspec.json.encode(Answer(own_addresses[:ADDRESSES_PER_PEER], told, full))


def take_question(data: bytes, book: AddressBook, peer_id: str, remote: str, counters: Counters) -> None:
    """Learn where the asker listens. `remote` is the address it called from, '' if unknown."""
    if (asked := _decode(data, Question, counters)) is not None:
        _learn(book, peer_id, asked.addresses, remote, counters, own_word=True)


def take_answer(data: bytes, book: AddressBook, peer_id: str, remote: str, counters: Counters) -> bool:
    """Learn from an answer. Says whether the peer is full."""
    told = _decode(data, Answer, counters)
    if told is None:
        return False
    _learn(book, peer_id, told.addresses, remote, counters, own_word=True)
    for peer in told.peers:
        _learn(book, peer.id, peer.addresses, remote, counters)
    return told.full


def _decode(data: bytes, kind: type[_Kind], counters: Counters) -> _Kind | None:
    try:
        if len(data) <= MAX_BYTES:
            return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError:
        pass
    counters.reject("bad peer exchange")
    return None


def _learn(
    book: AddressBook, peer_id: str, addresses: list[str], remote: str, counters: Counters, *, own_word: bool = False
) -> None:
    usable = [known for address in addresses if (known := _usable(address, remote))]
    if len(usable) < len(addresses):
        counters.reject("unusable address")
    if usable:
        book.learn(peer_id, usable, own_word=own_word)


def _usable(address: str, remote: str) -> str | None:
    """The address as this node would dial it, or None. Loopback is only believed from over loopback."""
    if checked(address) is None:
        return None
    remote_ip = host_and_port(remote)[0] if remote else ""
    if remote_ip:
        address = at_host(address, remote_ip)
    host, _ = host_and_port(address)
    if host in ("0.0.0.0", "::") or (is_loopback(host) and not is_loopback(remote_ip)):  # noqa: S104 - compared
        return None
    return address


class Exchange:
    """Asks neighbours, and answers them."""

    def __init__(
        self,
        book: AddressBook,
        links: Links,
        max_links: int,
        own_addresses: Callable[[], list[str]],
        counters: Counters,
        log: Log,
    ) -> None:
        self._book = book
        self._links = links
        self._max_links = max_links
        self._own_addresses = own_addresses
        self._counters = counters
        self._log = log
        self._draw = random.Random()  # noqa: S311 - which addresses to tell is no secret

    async def ask(self, request: Request, peer_id: str) -> bool:
        """Ask one neighbour. Says whether it is full; a failure is only logged, the next time is soon."""
        try:
            told = await request(peer_id, PROTOCOL, question(self._own_addresses()), DEADLINE)
        except NetworkError as error:
            self._log.debug("no peer exchange", peer=peer_id, reason=str(error))
            return False
        return take_answer(told, self._book, peer_id, self._remote(peer_id), self._counters)

    async def ask_all(self, request: Request, every: float) -> None:
        """Ask all neighbours now and then, until cancelled."""
        while True:
            await trio.sleep(every * self._draw.uniform(0.7, 1.3))
            async with trio.open_nursery() as nursery:
                for link in self._links.all():
                    nursery.start_soon(self.ask, request, link.peer_id)

    async def answer(self, peer_id: str, asked: bytes) -> bytes:
        """The handler of PROTOCOL."""
        take_question(asked, self._book, peer_id, self._remote(peer_id), self._counters)
        full = len(self._links) > self._max_links
        linked = {link.peer_id for link in self._links.all()}
        return answer(self._book, self._own_addresses(), peer_id, linked, full=full, draw=self._draw)

    def _remote(self, peer_id: str) -> str:
        link = self._links.get(peer_id)
        return link.address if link else ""
