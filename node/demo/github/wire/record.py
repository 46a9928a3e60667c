"""What was asked and what was answered: for tests and the demo. Never holds a token."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

RECORDS_KEPT = 20_000  # the oldest are forgotten
EXCERPT = 2_000  # characters of a body that are kept


@dataclass
class Record:
    number: int
    time: float
    method: str
    path: str
    query: str
    body: str
    login: str | None = None
    token: str | None = None  # its kind
    status: int | None = None  # None: the answer was lost on purpose, or is not there yet
    switch: str | None = None  # id of the switch that hit this request
    deliveries: int = 1  # 2 where a middlebox repeated it


@dataclass
class Records:
    kept: deque[Record] = field(default_factory=lambda: deque[Record](maxlen=RECORDS_KEPT))
    last: int = 0

    def open(self, now: float, method: str, path: str, query: str, body: bytes) -> Record:
        self.last += 1
        excerpt = body.decode(errors="replace")[:EXCERPT]
        record = Record(self.last, now, method, path, query, excerpt)
        self.kept.append(record)
        return record

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(record) for record in self.kept]
