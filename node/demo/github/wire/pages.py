"""Pages of a list and the Link header that leads through them.

Links are absolute, on the host that the client used, and keep every other parameter of the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

DEFAULT_SIZE = 30
MAX_SIZE = 100
T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    number: int  # from 1
    size: int

    def cut(self, found: Sequence[T]) -> list[T]:
        start = (self.number - 1) * self.size
        return list(found[start : start + self.size])

    def last(self, total: int) -> int:
        return max(1, -(-total // self.size))


def positive(text: str | None, default: int) -> int:
    """Whatever is no positive number means the default."""
    return int(text) if text and text.isascii() and text.isdigit() and int(text[:9]) > 0 else default


def page_of(query: Mapping[str, str]) -> Page:
    return Page(positive(query.get("page"), 1), min(positive(query.get("per_page"), DEFAULT_SIZE), MAX_SIZE))


def link_header(url: str, query: Mapping[str, str], page: Page, total: int) -> dict[str, str]:
    last = page.last(total)
    targets: dict[str, int] = {}
    if page.number > 1:
        targets["prev"] = min(page.number - 1, last)
    if page.number < last:
        targets |= {"next": page.number + 1, "last": last}
    if page.number > 1:
        targets["first"] = 1
    links = [f'<{url}?{urlencode({**query, "page": number})}>; rel="{rel}"' for rel, number in targets.items()]
    return {"Link": ", ".join(links)} if links else {}


def headers_and_items(url: str, query: Mapping[str, str], found: Sequence[T]) -> tuple[dict[str, str], list[T]]:
    page = page_of(query)
    return link_header(url, query, page, len(found)), page.cut(found)


def wrapped(name: str, found: list[Any], total: int) -> dict[str, Any]:
    return {"total_count": total, name: found}
