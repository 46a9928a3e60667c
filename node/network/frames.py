"""One frame on a stream: how it is laid out, written and read.

    length of the payload, 4 bytes, big endian │ status, 1 byte │ payload │ SHA-256 of status and payload

A stream that a peer resets reads like one that ended, so a frame carries its length in front and a checksum behind:
what was cut off is never taken for the whole. Frames are written in pieces small enough that a link which delivers
tiny segments does not break on them.
"""

import hashlib
import struct
from enum import IntEnum

import trio
from libp2p.abc import INetStream
from libp2p.network.stream.exceptions import StreamEOF

from node.network.errors import NetworkError, Reason

MAX_PAYLOAD = 1024 * 1024  # bytes; larger answers are asked for in pages
WRITE_BYTES = 16 * 1024
READ_BYTES = 64 * 1024
_HEAD = struct.Struct(">IB")
_DIGEST_BYTES = 32


class Status(IntEnum):
    """What a frame is. Requests are REQUEST; the rest are answers, all but OK without a payload."""

    OK = 0
    REQUEST = 1
    BUSY = 2
    FAILED = 3
    TOO_LARGE = 4


def encode(status: Status, payload: bytes) -> bytes:
    """The bytes of a frame. The caller keeps to MAX_PAYLOAD."""
    digest = hashlib.sha256(bytes([status]) + payload).digest()
    return _HEAD.pack(len(payload), status) + payload + digest


async def write(stream: INetStream, status: Status, payload: bytes = b"") -> None:
    """Write a frame. Raises what the library raises when the stream is gone."""
    frame = encode(status, payload)
    for start in range(0, len(frame), WRITE_BYTES):
        await stream.write(frame[start : start + WRITE_BYTES])


async def reset(stream: INetStream) -> None:
    """Without a reset the other side would wait; a second is enough to say so, even while being cancelled."""
    with trio.move_on_after(1, shield=True):
        await stream.reset()


class Reader:
    """Reads frames one after another from a stream."""

    def __init__(self, stream: INetStream) -> None:
        self._stream = stream
        self._buffer = bytearray()

    async def head(self) -> tuple[int, Status] | None:
        """Length and status of the next frame, or None if the peer ended the stream between two frames.

        Raises NetworkError (TOO_LARGE, BROKEN).
        """
        try:
            length, status = _HEAD.unpack(await self._exactly(_HEAD.size))
        except StreamEOF:
            if self._buffer:
                raise NetworkError(Reason.BROKEN) from None
            return None
        if length > MAX_PAYLOAD:
            raise NetworkError(Reason.TOO_LARGE, f"a frame of {length} bytes, at most {MAX_PAYLOAD}")
        if status >= len(Status):
            raise NetworkError(Reason.BROKEN, f"unknown status {status}")
        return length, Status(status)

    async def payload(self, length: int, status: Status) -> bytes:
        """What follows `head`. Raises NetworkError (BROKEN, DAMAGED)."""
        try:
            body = await self._exactly(length + _DIGEST_BYTES)
        except StreamEOF:
            raise NetworkError(Reason.BROKEN, f"{len(self._buffer)} of {length} bytes") from None
        payload, digest = body[:length], body[length:]
        if hashlib.sha256(bytes([status]) + payload).digest() != digest:
            raise NetworkError(Reason.DAMAGED)
        return payload

    async def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            piece = await self._stream.read(min(READ_BYTES, count - len(self._buffer)))
            if not piece:
                raise StreamEOF
            self._buffer += piece
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
