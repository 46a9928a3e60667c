"""Webhooks and the record of what was sent to them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

DELIVERIES_KEPT = 200  # per hook; the oldest are forgotten


@dataclass(frozen=True)
class Delivery:
    id: int
    guid: str
    event: str
    action: str | None
    at: float
    redelivery: bool
    status_code: int  # 0: nobody answered
    payload: dict[str, Any]


@dataclass(eq=False)
class Hook:
    id: int
    url: str
    events: list[str]
    secret: str | None = field(repr=False)
    active: bool
    created_at: float
    updated_at: float
    deliveries: deque[Delivery] = field(default_factory=lambda: deque[Delivery](maxlen=DELIVERIES_KEPT))
