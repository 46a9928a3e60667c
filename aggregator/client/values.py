"""What a program put into the context, made into plain bounded JSON values.

Anything else than None, booleans, 64-bit integers, finite floats, strings, lists and maps falls back to a bounded
`repr`. The whole has a budget of items, so that lists within lists within lists cannot multiply; a cycle ends at the
depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from math import isfinite

from aggregator import limits
from aggregator.client.text import clean, cut, exact, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

LEVELS = 8  # of the context; far less than limits.DEPTH, and deeper is shown as text
ITEMS = 2_000  # in one context, all levels together
SPARE_CHARS = 512  # kept beyond the limit until redaction has seen the text


class _Budget:
    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items = ITEMS


def plain(value: object) -> Plain:
    """`value` as plain JSON data. Never raises, whatever the objects in it do. For the sender thread."""
    return _plain(value, LEVELS, _Budget())


def text(value: str, chars: int = limits.CONTEXT_CHARS) -> str:
    """A string of the context: bounded and encodable."""
    return clean(cut(exact(value, chars + SPARE_CHARS), chars))


def _plain(value: object, levels: int, budget: _Budget) -> Plain:
    budget.items -= 1
    anything: Any = value  # of items that nobody knows the type of
    try:
        if isinstance(value, (str, int, float)) or value is None:
            return _scalar(value)
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            if levels == 0 or budget.items <= 0:  # its `repr` could take for ever: nesting multiplies
                return f"<{exact(type(anything).__name__, 100)} that is too deep>"
            return (_map if isinstance(value, Mapping) else _list)(anything, levels, budget)
        return text(shown(value, limits.CONTEXT_CHARS + SPARE_CHARS))
    except BaseException:  # in the sender thread, where neither Ctrl-C nor a handler of the program is raised
        return f"<{exact(type(anything).__name__, 100)} that cannot be shown>"


def _scalar(value: str | int | float | None) -> Plain:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return int(value) if -limits.INTEGER <= value < limits.INTEGER else text(shown(value, limits.CONTEXT_CHARS))
    return float(value) if isfinite(value) else repr(float(value))


def _list(value: Iterable[object], levels: int, budget: _Budget) -> list[Plain]:
    return [_plain(item, levels - 1, budget) for item in islice(value, limits.CONTEXT_ITEMS)]


def _map(value: Mapping[object, object], levels: int, budget: _Budget) -> dict[str, Plain]:
    items = islice(value.items(), limits.CONTEXT_ITEMS)
    return {_key(key): _plain(item, levels - 1, budget) for key, item in items}


def _key(key: object) -> str:
    return text(key if isinstance(key, str) else shown(key, limits.NAME_CHARS), limits.NAME_CHARS)
