"""Lists, page by page, as GitHub links them; what has not changed is not sent again.

A list is read to its end or not at all: half a list would look like proof that something does not exist. Oldest first,
so that a new item is added to the end and the pages before it stay as they are (304, which costs nothing of the limit).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from github import Github
from requests.utils import parse_header_links

from aggregator.filing.calls import Rejected
from aggregator.reason import Reason
from node.github.client import PER_PAGE, Client

LONGEST_LIST = 200  # pages
KEPT = 200  # pages in the cache, the least recently used go first; a page of issues takes about 300 KB

T = TypeVar("T")
W = TypeVar("W")


class Page(NamedTuple, Generic[T]):
    items: tuple[T, ...]
    etag: str
    next: str  # address of the page that follows; empty: none does
    at: float = 0.0  # Unix seconds on GitHub's clock when it was last asked for; 0: it did not say


class Pages:
    """Reads lists for one client, and keeps what it read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: OrderedDict[str, Page[Any]] = OrderedDict()

    async def all(
        self, url: str, parameters: Mapping[str, str], wire: type[W], make: Callable[[W], T]
    ) -> tuple[T, ...]:
        """Every item. Raises NotSent, and Rejected also for a list that is longer than `LONGEST_LIST`."""
        items: list[T] = []
        query = {**parameters, "per_page": str(PER_PAGE)}
        for _ in range(LONGEST_LIST):
            page = await self.one(url, query, wire, make)
            items.extend(page.items)
            if not page.next:
                return tuple(items)
            url, query = page.next, {}
        raise Rejected(Reason.REJECTED, f"more than {LONGEST_LIST * PER_PAGE} items in one list: {url}")

    async def one(self, url: str, parameters: Mapping[str, str], wire: type[W], make: Callable[[W], T]) -> Page[T]:
        """One page, from the cache where GitHub says that it has not changed."""
        key = f"{url} {sorted(parameters.items())}"
        old: Page[T] | None = self._kept.get(key)
        page = await self._client.read(lambda g: _fetch(g, url, parameters, old, wire, make))
        if old is not None and page.items is old.items:
            self._client.count_unchanged()
        self._kept[key] = page
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return page


def _fetch(
    g: Github,
    url: str,
    parameters: Mapping[str, str],
    old: Page[T] | None,
    wire: type[W],
    make: Callable[[W], T],
) -> Page[T]:
    asked = {"If-None-Match": old.etag} if old and old.etag else {}
    status, headers, text = g.requester.requestJson("GET", url, parameters=dict(parameters), headers=asked)
    if old is not None and status == 304:
        return old._replace(at=_date(headers))
    if status != 200:
        raise g.requester.createException(status, headers, _problem(text))
    items = msgspec.json.decode(text, type=list[wire])
    following = _next(str(headers.get("link", "")))
    return Page(tuple(make(item) for item in items), str(headers.get("etag", "")), following, _date(headers))


def _date(headers: Mapping[str, Any]) -> float:
    try:
        return parsedate_to_datetime(str(headers.get("date", ""))).timestamp()
    except ValueError:
        return 0.0


def _next(link: str) -> str:
    links = parse_header_links(link) if link else []
    return next((str(each["url"]) for each in links if each.get("rel") == "next"), "")


def _problem(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {"message": text}
