"""Switches: what the control surface set to go wrong, or to be otherwise.

A switch is found by its id and by the request it meets (`method`, `path`). Most hit a number of requests and are gone
(`times`, default 1); those in STANDING hold until they are cleared, and lags hold as long as `seconds` says, unless
`times` is given. `skip`: how many requests a counted one lets pass first, so that it meets the second of two that are
equal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from node.demo.github.wire.problem import Problem

LAGS = {"FLT-04", "FLT-05"}
STANDING = {
    "RTE-03",
    "RTE-04",
    "STA-01",
    "STA-02",
    "STA-03",
    "STA-04",
    "STA-05",
    "PRM-01",
    "PRM-02",
    "CPL-01",
    "TIM-01",
    "LOG-01",
    "HOK-01",
    "SRCH-01",
}
COUNTED = {"FLT-01", "FLT-02", "FLT-03", "FLT-06", "RTE-01", "RTE-02", "PAG-01", "SLOW"}
KNOWN = LAGS | STANDING | COUNTED
PLAIN = {"id", "method", "path", "times", "skip", "seconds"}  # what every switch may be given
FOREVER = 10**9  # times
LAG_WITHOUT_LENGTH = 3600.0  # seconds; a lag that is only counted hides what is younger than this


@dataclass
class Switch:
    id: str
    method: str | None = None
    path: str | None = None
    left: int = 1
    skip: int = 0
    seconds: float | None = None
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    hits: int = 0

    def meets(self, method: str, path: str) -> bool:
        if self.left <= 0 or (self.method and self.method != method and self.id not in LAGS):
            return False
        return self.path is None or matches(self.path, path)

    def listed(self) -> dict[str, Any]:
        times = None if self.left > FOREVER // 2 else self.left
        plain = {"id": self.id, "method": self.method, "path": self.path, "seconds": self.seconds}
        return {**plain, "left": times, "skip": self.skip, "hits": self.hits, **self.options}


def matches(pattern: str, path: str) -> bool:
    """A shell glob of the whole path, or a regular expression found anywhere in it."""
    if fnmatchcase(path, pattern):
        return True
    try:
        return re.search(pattern, path) is not None
    except re.error:
        return False


def normal_id(text: str) -> str:
    """`flt01`, `FLT_01` and `FLT-01` are one; a family that has one switch may go by its name alone."""
    compact = re.sub(r"[^A-Z0-9]", "", text.upper())
    by_compact = {known.replace("-", ""): known for known in KNOWN}
    by_family = {"SRCH": "SRCH-01", "LOG": "LOG-01", "HOK": "HOK-01", "PAG": "PAG-01", "TIM": "TIM-01", "CPL": "CPL-01"}
    found = by_compact.get(compact) or by_family.get(compact)
    if found is None:
        raise Problem(422, f"There is no switch {text!r}. Known: {', '.join(sorted(KNOWN))}")
    return found


def number(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
        raise Problem(422, f"{name} must be a number of 0 or more, not {value!r}")
    return value


def switch_of(body: dict[str, Any]) -> Switch:
    """A switch from the JSON that asked for it. Raises a Problem that names what is wrong."""
    identifier = normal_id(str(body.get("id", "")))
    times, seconds, skip = number(body, "times"), number(body, "seconds"), number(body, "skip")
    endless = identifier in STANDING or (identifier in LAGS and seconds is not None)
    left = int(times) if times is not None else FOREVER if endless else 1
    options = {key: value for key, value in body.items() if key not in PLAIN}
    method = str(body["method"]).upper() if body.get("method") else None
    return Switch(identifier, method, body.get("path"), left, int(skip or 0), seconds, options)


@dataclass
class Switches:
    """At most a handful at a time: they are searched in the order they were set."""

    active: list[Switch] = field(default_factory=list[Switch])

    def add(self, switch: Switch) -> None:
        self.active.append(switch)

    def remove(self, switch: Switch) -> None:
        self.active = [each for each in self.active if each is not switch]

    def look(self, identifier: str, method: str, path: str) -> Switch | None:
        """The first switch of this id that meets the request; it is not counted as hit."""
        found = (switch for switch in self.active if switch.id == identifier and switch.meets(method, path))
        return next(found, None)

    def take(self, identifier: str, method: str, path: str) -> Switch | None:
        """As `look`, and one hit fewer is left; or one fewer is to be let pass."""
        switch = self.look(identifier, method, path)
        if switch is None:
            return None
        if switch.skip:
            switch.skip -= 1
            return None
        switch.left -= 1
        switch.hits += 1
        return switch

    def lag(self, identifier: str, path: str) -> float:
        """Seconds by which this read lags behind; 0 when it does not."""
        switch = self.take(identifier, "GET", path)
        if switch is None:
            return 0.0
        return LAG_WITHOUT_LENGTH if switch.seconds is None else switch.seconds
