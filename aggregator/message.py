"""What a node tells all others over gossip: to bytes, from bytes, refuse the rest.

Three kinds: pages that changed, entries of the book that changed, and presence. A message is one byte of format
version and one MessagePack value, at most 16 KB. Unknown kinds and versions are refused with a reason (a newer node
may send them); unknown fields are ignored.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from aggregator.book import Fact, FactKey, Ruling
from aggregator.brief import brief
from aggregator.page import Page
from aggregator.unreadable import UNREADABLE

VERSION = 1
MESSAGE_BYTES = 16 * 1024  # a larger page waits for sync


class PageMessage(msgspec.Struct, frozen=True, tag="pages"):
    pages: list[Page]


class BookMessage(msgspec.Struct, frozen=True, tag="book"):
    facts: list[tuple[FactKey, Fact]] = []
    rulings: list[Ruling] = []


class Presence(msgspec.Struct, frozen=True, tag="presence", kw_only=True):
    """A node says that it is there, and what it can do. `at` orders the presences of one run."""

    run: str
    at: Annotated[float, msgspec.Meta(ge=0, le=2**40)]  # Unix seconds on the sender's clock; no NaN, which has no order
    version: str
    reads: list[str] = []  # formats and signature versions that it understands
    settled: bool = False
    leaving: bool = False
    candidate: list[str] = []  # repositories that it may file for
    refused: Mapping[str, str] = {}  # repositories that it may not, with the reason's name
    addresses: list[str] = []
    tells: bool = False  # whether it sends notifications


Message = PageMessage | BookMessage | Presence

_messages = msgspec.msgpack.Decoder(Message)


class BadMessage(ValueError):
    """A message that is refused; the text says why."""


def encode(message: Message) -> bytes:
    return bytes([VERSION]) + msgspec.msgpack.encode(message)


def decode(data: bytes) -> Message:
    """Raises `BadMessage`."""
    if not data or len(data) > MESSAGE_BYTES:
        raise BadMessage(f"{len(data)} bytes: expected 1 to {MESSAGE_BYTES}")
    if data[0] != VERSION:
        raise BadMessage(f"format {data[0]}: this node reads {VERSION}")
    try:
        return _messages.decode(memoryview(data)[1:])
    except UNREADABLE as error:
        raise BadMessage(brief(error)) from None
