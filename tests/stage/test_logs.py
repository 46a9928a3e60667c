"""Logs: redacted, in order, and a repeated error once."""

import io
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from node import logs


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def elapsed(self) -> float:
        return self.time


def redact(value: Any) -> Any:
    return {key: "***" if "token" in key else each for key, each in value.items()}


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    yield io.StringIO()
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_event_is_redacted(stream: io.StringIO) -> None:
    logs.configure("info", "json", Clock(), redact, stream)
    structlog.get_logger().info("started", token="secret", port=1)
    (line,) = lines(stream)
    assert (line["event"], line["token"], line["port"]) == ("started", "***", 1)


def test_text_starts_with_time_level_and_event(stream: io.StringIO) -> None:
    logs.configure("info", "text", Clock(), redact, stream)
    structlog.get_logger().info("started", a=1)
    assert [part.partition("=")[0] for part in stream.getvalue().split()] == ["timestamp", "level", "event", "a"]


def test_what_answers_somebody_who_asked_is_written_each_time(stream: io.StringIO) -> None:
    logs.configure("info", "json", Clock(), redact, stream)
    for _ in range(2):
        structlog.get_logger().error("the old configuration stays", reason="x", asked=True)
    assert [(line["reason"], "asked" in line) for line in lines(stream)] == [("x", False)] * 2


def test_a_repeated_error_is_written_once_and_then_with_its_number(stream: io.StringIO) -> None:
    clock = Clock()
    logs.configure("info", "json", clock, redact, stream)
    for _ in range(5):
        structlog.get_logger().warning("not stored", reason="disk full", attempt=clock.time)
    structlog.get_logger().warning("not stored", reason="read-only")
    clock.time = logs.QUIET
    structlog.get_logger().warning("not stored", reason="disk full")
    assert [(line["reason"], line.get("repeated")) for line in lines(stream)] == [
        ("disk full", None),
        ("read-only", None),
        ("disk full", 4),
    ]


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    logs.configure("warning", "json", Clock(), redact, stream)
    structlog.get_logger().info("started")
    assert lines(stream) == []


def test_what_cannot_be_written_ends_nobody_and_is_told_when_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    full, (reading, writing) = os.open("/dev/full", os.O_WRONLY), os.pipe()
    output = logs.Output(full)
    monkeypatch.setattr(logs, "Output", lambda: output)
    try:
        logs.configure("info", "json", Clock(), redact)
        for number in range(3):
            logs.log.info("lost", number=number)
        os.dup2(writing, full)
        logs.log.info("here again")
        logs.log.info("and again")
        told = [json.loads(line) for line in os.read(reading, 65536).splitlines()]
    finally:
        structlog.reset_defaults()
        for handle in (full, reading, writing):
            os.close(handle)
    assert [(each["event"], each.get("lines_lost")) for each in told] == [("here again", 3), ("and again", None)]
