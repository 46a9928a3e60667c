"""Records to bytes and answers from bytes: MessagePack where `msgpack` can be imported, else JSON lines.

Both forms carry the same maps. A record that is larger than a frame may be loses, step by step, what is least missed.
"""

from __future__ import annotations

import importlib
import json

from aggregator import limits
from aggregator.client.text import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    Map = dict[str, Any]

    class Codec(Protocol):
        """One form of the wire."""

        def frame(self, message: Map) -> bytes:
            """`message` with its length or line end."""
            ...

        def load(self, frame: bytes) -> Map:
            """What `frame` was made of."""
            ...

        def session(self, session: bytes) -> bytes | str:
            """The session as the form writes it."""
            ...

        def split(self, buffer: bytearray) -> list[Map]:
            """Take the whole messages off the front of `buffer`. Raises `BadAnswer`."""
            ...


LENGTH_BYTES = 4
NODE_LEVELS = 6  # of lists and maps in an answer that we read


class BadAnswer(ValueError):
    """Bytes from the socket that are no answer of a node."""


class MessagePack:
    """4-byte big-endian length, then one MessagePack map."""

    def __init__(self) -> None:
        library: Any = importlib.import_module("msgpack")
        self._pack = library.packb
        self._unpack = library.unpackb

    def frame(self, message: Map) -> bytes:
        body: bytes = self._pack(message)
        return len(body).to_bytes(LENGTH_BYTES, "big") + body

    def load(self, frame: bytes) -> Map:
        return self._map(frame[LENGTH_BYTES:])

    def session(self, session: bytes) -> bytes | str:
        return session

    def split(self, buffer: bytearray) -> list[Map]:
        messages: list[Map] = []
        while len(buffer) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(buffer[:LENGTH_BYTES], "big")
            if end > LENGTH_BYTES + limits.FRAME_BYTES:
                raise BadAnswer("an answer is too long")
            if len(buffer) < end:
                break
            messages.append(self._map(bytes(buffer[LENGTH_BYTES:end])))
            del buffer[:end]
        return messages

    def _map(self, body: bytes) -> Map:
        try:
            message: object = self._unpack(body)
        except Exception as error:  # the library raises its own kinds
            raise BadAnswer("an answer is not MessagePack") from error
        return _checked(message)


class JsonLines:
    """One JSON map a line."""

    def frame(self, message: Map) -> bytes:
        return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"

    def load(self, frame: bytes) -> Map:
        try:
            return _checked(json.loads(frame))
        except (ValueError, RecursionError) as error:
            raise BadAnswer("an answer is not JSON") from error

    def session(self, session: bytes) -> bytes | str:
        return session.hex()

    def split(self, buffer: bytearray) -> list[Map]:
        if len(buffer) > limits.FRAME_BYTES and b"\n" not in buffer:
            raise BadAnswer("an answer is too long")
        *lines, rest = bytes(buffer).split(b"\n")
        buffer[:] = rest
        return [self.load(line) for line in lines if line.strip()]


def best_codec() -> Codec:
    """MessagePack if it can be imported."""
    try:
        return MessagePack()
    except Exception:  # a broken installation must not cost the report
        return JsonLines()


def fitting_frame(codec: Codec, message: Map) -> bytes:
    """The frame of `message`, made smaller until it is accepted. Raises `ValueError` where that is impossible."""
    for shrink in (_whole, _fewer_logs, _fewer_context, _no_source, _fewer_frames, _head_only):
        message = shrink(message)
        frame = codec.frame(message)
        if len(frame) <= limits.FRAME_BYTES:
            return frame
    raise ValueError("a record does not fit into a frame")


def _whole(message: Map) -> Map:
    return message


def _fewer_logs(message: Map) -> Map:
    logs: list[str] = message.get("logs", [])
    return {**message, "logs": [cut(line, 500) for line in logs[-20:]]}


def _fewer_context(message: Map) -> Map:
    context: Map = message.get("context", {})
    small = {key: value for key, value in context.items() if isinstance(value, int) or _short(value)}
    return {**message, "context": {**small, "left_out": "the context was too large"}}


def _short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= limits.NAME_CHARS


def _no_source(message: Map) -> Map:
    def bare(frames: list[Map]) -> list[Map]:
        return [{key: value for key, value in frame.items() if key != "source"} for frame in frames]

    return _with_frames(message, bare)


def _fewer_frames(message: Map) -> Map:
    def outer(frames: list[Map]) -> list[Map]:
        return frames if len(frames) <= 20 else frames[:10] + frames[-10:]

    return _with_frames(message, outer)


def _with_frames(message: Map, change: Callable[[list[Map]], list[Map]]) -> Map:
    exceptions: list[Map] = message.get("exceptions", [])
    return {**message, "exceptions": [{**one, "frames": change(one.get("frames", []))} for one in exceptions]}


def _head_only(message: Map) -> Map:
    kept = ("seq", "message", "type", "severity", "service", "release", "fingerprint", "handled", "ended", "count")
    small = {key: message[key] for key in (*kept, "time", "want", "id") if key in message}
    return {**small, "message": cut(message["message"], 1_000), "exceptions": message.get("exceptions", [])[:1]}


def _checked(message: Any) -> Map:
    if not isinstance(message, dict):
        raise BadAnswer("an answer is not a map")
    return message  # pyright: ignore[reportUnknownVariableType] - fields are checked where they are read
