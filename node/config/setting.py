"""How a setting is written down: as a field with its kind, its default and its effect."""

from dataclasses import field
from typing import TypeVar

from node.config.kinds import Kind

T = TypeVar("T")
HOUR = 3600.0  # seconds
DAY = 24 * HOUR


def setting(kind: Kind[T], default: T, effect: str) -> T:
    """A field that carries its remark. To the type checker it is its default."""
    return field(default_factory=lambda: default, metadata={"kind": kind, "effect": effect})
