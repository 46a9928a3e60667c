"""The control socket: every route, with any name, query and body. The application itself, without the socket."""

import tempfile
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec
import trio

from node.control.server import application
from tests.fuzz.laws import TEXT_CHARS
from tests.pure.factories import name
from tests.stage.view import some_view

ROUTES = (
    "GET /v1/status",
    "GET /v1/errors",
    "GET /v1/errors/*",
    "GET /v1/errors/*/preview",
    "GET /v1/bundles",
    "POST /v1/bundle?dry_run=*",
    "GET /v1/issues",
    "GET /v1/stats",
    "POST /v1/decisions",
    "POST /v1/reload",
    "POST /v1/doctor?offline=*",
    "GET /v1/peers",
    "GET /v1/leader",
    "POST /v1/bans",
    "POST /v1/keys",
    "GET /metrics",
    "GET /*",
    "PUT /v1/decisions",
)
EXPECTED = {200, 307, 400, 404, 405, 409}  # 307: a slash at the end


def request(data: bytes) -> None:
    """The first byte says which route, what follows up to a NUL stands for `*`, the rest is the body."""
    method, _, path = ROUTES[data[0] % len(ROUTES) if data else 0].partition(" ")
    given, _, body = data[1:].partition(b"\0")
    answer = trio.run(_ask, method, path.replace("*", quote(given, safe="")), body)
    assert answer.status_code in EXPECTED, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code >= 400 and answer.headers["content-type"] == "application/json":
        said = msgspec.json.decode(answer.content)["error"]
        assert said
        assert len(said) <= TEXT_CHARS, said[:300]


async def _ask(method: str, path: str, body: bytes) -> httpx.Response:
    with tempfile.TemporaryDirectory() as directory:
        transport = httpx.ASGITransport(application(some_view(Path(directory))))
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as http:
            return await http.request(method, path, content=body)


def _seed(route: str, given: bytes = b"", body: object = None) -> bytes:
    return bytes([ROUTES.index(route)]) + given + (b"\0" + msgspec.json.encode(body) if body is not None else b"")


REQUESTS = (
    *(bytes([number]) + b"x" for number in range(len(ROUTES))),
    _seed("GET /v1/errors/*", name(2).encode()),
    _seed("GET /v1/errors/*/preview", name(2).encode()),
    _seed("POST /v1/decisions", body={"action": "mute", "subject": name(2), "until": "rate", "count": 5}),
    _seed("POST /v1/decisions", body={"action": "mute", "subject": name(2), "until": "release", "release": "2"}),
    _seed("POST /v1/decisions", body={"action": "merge", "subject": name(2), "other": name(3)}),
    _seed("POST /v1/decisions", body={"action": "split", "subject": name(2)}),
    _seed("POST /v1/decisions", body={"action": "refile", "subject": name(3)}),
    _seed("POST /v1/bans", body={"subject": "bob", "lift": True}),
    _seed("POST /v1/keys", body={"network": [], "successions": []}),
)
