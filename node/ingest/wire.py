"""What is said on the ingest socket, in both forms: MessagePack frames and JSON lines."""

import re
import struct
from typing import Any

import msgspec

from aggregator import limits
from aggregator.brief import brief
from aggregator.record import BadRecord, Head
from aggregator.unreadable import UNREADABLE

LENGTH = struct.Struct(">I")
BRACE = ord("{")  # the first byte of a connection that speaks JSON lines


class Sent(Head, frozen=True, kw_only=True, gc=False):
    """The head of a record as a client sends it."""

    seq: int | None = None
    want: bool = False  # answer with signature and issue


class Hello(msgspec.Struct, frozen=True):
    """The first map of a session."""

    hello: int
    session: bytes


class JsonHello(msgspec.Struct, frozen=True):
    """The same in JSON, where the session is written as hex digits."""

    hello: int
    session: str


class _Numbered(msgspec.Struct, frozen=True):
    """All that is asked of a record that is refused."""

    seq: int


_sent = msgspec.msgpack.Decoder(Sent)
_json_sent = msgspec.json.Decoder(Sent)
_hello = msgspec.msgpack.Decoder(Hello)
_json_hello = msgspec.json.Decoder(JsonHello)
_numbered = msgspec.msgpack.Decoder(_Numbered)
_json_numbered = msgspec.json.Decoder(_Numbered)

decode = _sent.decode
decode_json = _json_sent.decode


def session_in(frame: memoryview, json: bool) -> bytes | None:
    """The session that a hello names; None when the frame is no hello. Raises `BadRecord`."""
    try:
        hello = (_json_hello if json else _hello).decode(frame)
    except UNREADABLE:
        return None
    session = hello.session
    if isinstance(session, str):
        session = bytes.fromhex(session) if re.fullmatch(r"(?:[0-9a-fA-F]{2})*", session) else b""
    if len(session) != limits.SESSION_BYTES:
        raise BadRecord(f"session: expected {limits.SESSION_BYTES} bytes, in JSON as hex digits")
    if hello.hello != 1:
        raise BadRecord(f"hello is {brief(hello.hello)}: this node speaks 1")
    return session


def number_in(frame: memoryview, json: bool) -> int | None:
    """The number of a record that is refused, where it can be read."""
    try:
        return (_json_numbered if json else _numbered).decode(frame).seq
    except UNREADABLE:
        return None


def is_json(line: bytes) -> bool:
    """Whether it is whole: a beginning of a map is none."""
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except UNREADABLE:
        return False
    return True


def encode(answer: dict[str, Any], json: bool) -> bytes:
    """An answer with its line end or length."""
    if json:
        return msgspec.json.encode(answer) + b"\n"
    body = msgspec.msgpack.encode(answer)
    return LENGTH.pack(len(body)) + body
