"""Pages of GraphQL lists: `first` after a cursor, or `last` before one. A cursor is the position in the list."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from node.demo.github.graphql.loop import Arguments, Refusal

MAX_PAGE = 100
T = TypeVar("T")


def cursor(place: int) -> str:
    return base64.b64encode(f"cursor:{place}".encode()).decode()


def place(text: str | None, default: int) -> int:
    if text is None:
        return default
    try:
        return int(base64.b64decode(text).decode().removeprefix("cursor:"))
    except ValueError as error:
        raise Refusal("INVALID_CURSOR_ARGUMENTS", f"`{text}` does not appear to be a valid cursor.") from error


def limits(total: int, arguments: Arguments) -> tuple[int, int]:
    first, last = arguments.get("first"), arguments.get("last")
    if (first or last or 0) > MAX_PAGE:
        raise Refusal(
            "EXCESSIVE_PAGINATION", f"Requesting {first or last} records exceeds the limit of {MAX_PAGE} records."
        )
    start = place(arguments.get("after"), -1) + 1
    end = min(total, place(arguments.get("before"), total))
    if first is not None:
        end = min(end, start + first)
    elif last is not None:
        start = max(start, end - last)
    return start, min(end, start + MAX_PAGE)


def connection(found: Sequence[T], arguments: Arguments, view: Callable[[T], Any]) -> dict[str, Any]:
    start, end = limits(len(found), arguments)
    nodes = [view(item) for item in found[start:end]]
    edges = [{"cursor": cursor(start + offset), "node": node} for offset, node in enumerate(nodes)]
    info = {
        "hasNextPage": end < len(found),
        "hasPreviousPage": start > 0,
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
    }
    return {"totalCount": len(found), "issueCount": len(found), "nodes": nodes, "edges": edges, "pageInfo": info}
