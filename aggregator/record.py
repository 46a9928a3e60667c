"""One error as a program reported it.

The wire form is a map; only `message` is required. `Head` is what counting needs: it decodes the few small fields
and leaves stack, logs and context as raw bytes, so that the ten thousandth repeat costs a hash and an addition.
`ErrorRecord` is the whole record, decoded when a signature is new or a sample is kept. Both validate: what does not
fit raises `BadRecord` with a reason that can be shown.

`exceptions` runs from the exception that was raised (or that ended the program) to its causes. Messages are not in it:
`message` belongs to the first, `messages` to the others in order, so that the raw stack bytes of a repeat are equal.
"""

from datetime import UTC, datetime
from typing import Any, Literal, Self

import msgspec

from aggregator import limits
from aggregator.brief import brief
from aggregator.unreadable import UNREADABLE

Severity = Literal["low", "medium", "high", "critical"]
Link = Literal["", "cause", "context", "member"]

EPOCH_MIN = 0.0  # seconds; a clock before 1970 is a broken clock


class BadRecord(ValueError):
    """A record that is refused; the text says why and is safe to show."""


class Frame(msgspec.Struct, frozen=True, omit_defaults=True):
    """One stack frame, outermost first. `source` is the text of the line, where it was at hand."""

    function: str = ""
    module: str = ""
    file: str = ""
    line: int = 0
    in_app: bool | None = None  # None: decided from the file name
    source: str = ""


class ExceptionInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """One exception of the chain. `parent` is the index of the exception that it is a cause, context or member of."""

    type: str
    module: str = ""
    link: Link = ""
    parent: int = 0
    frames: list[Frame] = []


class _Common(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    message: str
    type: str = ""
    severity: Severity | None = None
    service: str = ""
    release: str = ""
    fingerprint: list[str] = []
    handled: bool = False
    ended: bool = False  # the error ended the process
    count: int = 1
    time: float | str | None = None  # Unix seconds, or RFC 3339; None: when the node received it

    def check(self) -> Self:
        """Raise `BadRecord` unless every field is within the limits."""
        if not self.message.strip() and not self.type:
            raise BadRecord("message is empty: give a message or a type")
        if not 1 <= self.count <= limits.COUNT:
            raise BadRecord(f"count is {brief(self.count)}: expected 1 to {limits.COUNT}")
        if len(self.message) > limits.MESSAGE_CHARS:
            raise BadRecord(f"message has {len(self.message)} characters: at most {limits.MESSAGE_CHARS}")
        for name, value in (("type", self.type), ("service", self.service), ("release", self.release)):
            if len(value) > limits.NAME_CHARS:
                raise BadRecord(f"{name} has {len(value)} characters: at most {limits.NAME_CHARS}")
        _check_fingerprint(self.fingerprint)
        return self

    def seconds(self, received: float) -> float:
        """The record's own time in Unix seconds, or `received` where it has none or cannot be read."""
        if isinstance(self.time, str):
            return _parse_time(self.time, received)
        if self.time is None or not self.time >= EPOCH_MIN:  # NaN too
            return received
        return self.time


class Head(_Common, frozen=True, omit_defaults=True, kw_only=True):
    """The small fields of a record and the raw bytes of its stack."""

    messages: msgspec.Raw = msgspec.Raw()
    exceptions: msgspec.Raw = msgspec.Raw()


class ErrorRecord(_Common, frozen=True, omit_defaults=True, kw_only=True):
    """The whole record."""

    messages: list[str] = []
    exceptions: list[ExceptionInfo] = []
    logs: list[str] = []
    context: dict[str, Any] = {}
    id: str = ""  # given by the client to its user; not trusted to be unique

    def check(self) -> Self:
        _Common.check(self)
        if len(self.exceptions) > limits.EXCEPTIONS:
            raise BadRecord(f"{len(self.exceptions)} exceptions: at most {limits.EXCEPTIONS}")
        if len(self.messages) > limits.EXCEPTIONS:
            raise BadRecord(f"{len(self.messages)} messages: at most {limits.EXCEPTIONS}")
        if any(len(e.frames) > limits.FRAMES for e in self.exceptions):
            raise BadRecord(f"frames: an exception has more than {limits.FRAMES}")
        if any(not 0 <= e.parent < max(i, 1) for i, e in enumerate(self.exceptions)):
            raise BadRecord("parent: expected the index of an earlier exception")
        if any(not -limits.INTEGER <= frame.line < limits.INTEGER for e in self.exceptions for frame in e.frames):
            raise BadRecord("line: a number of more than 64 bits")
        if len(self.logs) > limits.LOG_LINES:
            raise BadRecord(f"{len(self.logs)} log lines: at most {limits.LOG_LINES}")
        return self

    def message_of(self, index: int) -> str:
        """The message of `exceptions[index]`, empty where the sender gave none."""
        if index == 0:
            return self.message
        return self.messages[index - 1] if index <= len(self.messages) else ""

    @property
    def type_name(self) -> str:
        """What to call the error: the given type, else the type of the first exception, else `Error`."""
        return self.type or (self.exceptions[0].type if self.exceptions else "Error")


_records = msgspec.msgpack.Decoder(ErrorRecord)
_json_records = msgspec.json.Decoder(ErrorRecord)
_heads = msgspec.msgpack.Decoder(Head)
_json_heads = msgspec.json.Decoder(Head)


def decode(data: bytes | memoryview, *, json: bool = False) -> ErrorRecord:
    """The record in `data` (MessagePack, or JSON). Raises `BadRecord`. Unknown fields are ignored."""
    try:
        record = (_json_records if json else _records).decode(data)
    except UNREADABLE as error:
        raise BadRecord(not_a_record(error)) from None
    return record.check()


def decode_head(data: bytes | memoryview, *, json: bool = False) -> Head:
    """The head of the record in `data`, which must outlive it. Raises `BadRecord`."""
    try:
        head = (_json_heads if json else _heads).decode(data)
    except UNREADABLE as error:
        raise BadRecord(not_a_record(error)) from None
    return head.check()


def encode(record: ErrorRecord) -> bytes:
    """MessagePack of `record`; `decode` gives it back."""
    return msgspec.msgpack.encode(record)


def _check_fingerprint(parts: list[str]) -> None:
    if len(parts) > limits.FINGERPRINT_PARTS:
        raise BadRecord(f"fingerprint has {len(parts)} parts: at most {limits.FINGERPRINT_PARTS}")
    if any(len(part) > limits.NAME_CHARS for part in parts):
        raise BadRecord(f"a fingerprint part is longer than {limits.NAME_CHARS} characters")


def _parse_time(text: str, fallback: float) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return fallback
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def not_a_record(error: Exception) -> str:
    """The decoder's own words, which name the field. They may quote a value, however long it is: the middle is cut."""
    return brief(f"not a record: {error}")
