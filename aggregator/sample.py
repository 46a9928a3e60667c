"""Which records are kept as samples, and what is kept of them.

Two per origin, signature and day, drawn by the node's own chance: every record of the day has the same chance to be
among them (a reservoir), so a sender can neither bring about nor prevent that a particular record is kept. The draw is
made ahead, as the number of the next record to keep, so that all others cost a comparison.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from aggregator.record import ErrorRecord, ExceptionInfo, Frame
from aggregator.redact import home_to_tilde, redact_lines, redact_text, redact_value

SLOTS = 2  # per origin, signature and day


def next_due(passed: int, chance: float) -> int:
    """The number of the next record to keep after number `passed` was, for a `chance` from 0 up to 1.

    Record number n is kept with probability 2/n, so that none of the records up to m is kept has probability
    passed (passed - 1) / (m (m - 1)); this is that formula turned around.
    """
    if passed < SLOTS:
        return passed + 1
    product = passed * (passed - 1) / (1.0 - chance)
    return max(passed + 1, math.floor((1 + math.sqrt(1 + 4 * product)) / 2) + 1)


def redacted(record: ErrorRecord, sender: Mapping[str, Any]) -> ErrorRecord:
    """The record without its secrets; who sent it stands in its context as `sender`."""
    return msgspec.structs.replace(
        record,
        message=_text(record.message),
        messages=[_text(message) for message in record.messages],
        type=_text(record.type),
        service=_text(record.service),
        release=_text(record.release),
        fingerprint=[_text(part) for part in record.fingerprint],
        exceptions=[_exception(each) for each in record.exceptions],
        logs=[home_to_tilde(line) for line in redact_lines(record.logs)],
        context={**_without_homes(redact_value(record.context)), "sender": dict(sender)},
    )


def _exception(info: ExceptionInfo) -> ExceptionInfo:
    frames = [_frame(frame) for frame in info.frames]
    return msgspec.structs.replace(info, type=_text(info.type), module=_text(info.module), frames=frames)


def _frame(frame: Frame) -> Frame:
    return msgspec.structs.replace(
        frame,
        function=_text(frame.function),
        module=_text(frame.module),
        file=_text(frame.file),
        source=redact_text(frame.source),
    )


def _without_homes(value: Any) -> Any:
    """Every text in plain data that `redact_value` gave, and so is bounded, with `~` for a home directory."""
    if isinstance(value, str):
        return home_to_tilde(value)
    if isinstance(value, dict):
        return {name: _without_homes(item) for name, item in cast("dict[str, Any]", value).items()}
    return [_without_homes(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def _text(text: str) -> str:
    return home_to_tilde(redact_text(text))
