"""What two nodes say to each other first: who they are, or why the other is not welcome."""

from typing import Annotated

import msgspec

from aggregator.roster import DEPTH
from aggregator.unreadable import UNREADABLE

PROTOCOL = "/error-aggregator/hello/1"


class Hello(msgspec.Struct, frozen=True):
    """What both sides say."""

    chain: bytes  # MessagePack of the sender's Member
    version: str
    length: int  # seconds of a window
    reads: list[str] = []  # formats and signature versions
    path: Annotated[list[bytes], msgspec.Meta(max_length=DEPTH)] = []  # of those who let the sender in
    member: bytes = b""  # the chain of who is answered: it was let in here


class NotWelcome(msgspec.Struct, frozen=True):
    """What a stranger is answered."""

    refused: str  # name of the reason


_hellos = msgspec.msgpack.Decoder(Hello)
_refusals = msgspec.msgpack.Decoder(NotWelcome)


def read_hello(data: bytes) -> Hello | None:
    """None where it is none."""
    try:
        return _hellos.decode(data)
    except UNREADABLE:
        return None


def refusal(answer: bytes) -> str:
    """The name of the reason, where a neighbour refused this node; else nothing."""
    try:
        return _refusals.decode(answer).refused
    except UNREADABLE:
        return ""
