"""What a handler returns, and its bytes.

Fields that an API version took away are removed here, so that no handler knows of versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

JSON = "application/json; charset=utf-8"
OLD_VERSION = "2022-11-28"
NEW_VERSION = "2026-03-10"
VERSIONS = (OLD_VERSION, NEW_VERSION)
REMOVED = {NEW_VERSION: {"assignee", "merge_commit_sha", "rate", "has_downloads"}}


@dataclass
class Answer:
    """`data` is rendered as JSON; `content` goes out as it is. With neither the answer has no body."""

    status: int = 200
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None
    content_type: str = JSON

    def body(self, version: str = OLD_VERSION) -> bytes:
        if self.content is not None:
            return self.content
        if self.status in (204, 304):
            return b""
        # A lone surrogate, which JSON can carry and UTF-8 cannot, becomes a question mark.
        shown = without(self.data, REMOVED.get(version, set()))
        return json.dumps(shown, ensure_ascii=False).encode(errors="replace")


def without(data: Any, removed: set[str]) -> Any:
    """The same value less every key of `removed`, at any depth."""
    if not removed:
        return data
    if isinstance(data, Mapping):
        items = cast("Mapping[str, Any]", data).items()
        return {key: without(value, removed) for key, value in items if key not in removed}
    if isinstance(data, list):
        return [without(value, removed) for value in cast("list[Any]", data)]
    return data


def created(data: Mapping[str, Any]) -> Answer:
    """201 with the Location of the new thing."""
    return Answer(201, data, {"Location": str(data["url"])})


def nothing() -> Answer:
    return Answer(204)


def etag(body: bytes) -> str:
    return f'W/"{hashlib.sha256(body).hexdigest()}"'


def same_etag(sent: str, current: str) -> bool:
    """Is one of the tags of an If-None-Match header the current one? Weak comparison, as for every GET."""
    tags = (tag.strip().removeprefix("W/") for tag in sent.split(","))
    return any(tag in ("*", current.removeprefix("W/")) for tag in tags)
