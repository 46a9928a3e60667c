"""Ranges of time as search and the `created` filter write them: `>=2026-11-01`, `<...`, `a..b`, `*..b`, or a whole
day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from node.demo.github.wire.problem import Problem

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def moment(text: str) -> tuple[float, float]:
    """First and last second that the text stands for: a day, or one second."""
    try:
        start = datetime.fromisoformat(text.replace("Z", "+00:00").replace(" ", "+"))
    except ValueError as error:
        raise Problem(422, f"{text!r} is not a recognised date or time") from error
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    length = timedelta(days=1) if DAY.fullmatch(text) else timedelta(seconds=1)
    return start.timestamp(), (start + length).timestamp() - 1


def created_range(text: str) -> Callable[[float], bool]:
    """A test for times (Unix seconds), which are compared in whole seconds. Raises 422 for what is no range."""
    if ".." in text:
        low, _, high = text.partition("..")
        first = moment(low)[0] if low not in ("", "*") else float("-inf")
        last = moment(high)[1] if high not in ("", "*") else float("inf")
        return lambda at: first <= int(at) <= last
    operator = re.match(r"[<>]=?", text)
    first, last = moment(text[operator.end() :] if operator else text)
    tests: dict[str, Callable[[float], bool]] = {
        ">=": lambda at: int(at) >= first,
        ">": lambda at: int(at) > last,
        "<=": lambda at: int(at) <= last,
        "<": lambda at: int(at) < first,
        "": lambda at: first <= int(at) <= last,
    }
    return tests[operator.group() if operator else ""]
