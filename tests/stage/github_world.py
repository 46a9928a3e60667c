"""The GitHub stand-in in this process, its control surface, and our GitHub on top of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from aggregator.filing.claim import Claim
from node.clock import SystemClock
from node.demo.github.server import StandIn, serve
from node.github import Attempt, Client, GitHub, Token
from node.github.token import Secret, kind_of
from tests.stage.standin import IDLE

SHOP = "acme/shop"
ROOT = "s1-" + "ab" * 16


@dataclass
class World:
    standin: StandIn
    http: httpx.AsyncClient
    heard: list[Attempt] = field(default_factory=list[Attempt])
    clients: list[Client] = field(default_factory=list[Client])

    def github(self, token: str | None = None, allowed: frozenset[str] = frozenset()) -> GitHub:
        """A new GitHub, as a process of its own would have it: nothing cached, nothing held back."""
        return GitHub(self.client(token), SystemClock(), allowed)

    def client(self, token: str | None = None) -> Client:
        value = token or self.standin.token
        client = Client(
            Token("test", kind_of(value), Secret(value)),
            SystemClock(),
            base_url=self.standin.url,
            seconds_between_requests=0.0,
            seconds_between_writes=0.0,
            backoff=0.0,
            report=self.heard.append,
        )
        self.clients.append(client)
        return client

    async def control(self, method: str, path: str, /, **body: Any) -> Any:
        answer = await self.http.request(method, self.standin.control + path, json=body or None)
        answer.raise_for_status()
        return answer.json()

    async def fault(self, identifier: str, method: str | None = None, path: str | None = None, **more: Any) -> None:
        body = {"id": identifier, "method": method, "path": path, **more}
        await self.control("POST", "/faults", **{name: value for name, value in body.items() if value is not None})

    async def heal(self) -> None:
        await self.control("DELETE", "/faults")

    async def person(self, action: str, **body: Any) -> Any:
        """What somebody does in the web interface; returns the issue."""
        return await self.control("POST", "/issues", action=action, **body)

    async def token(self, **body: Any) -> str:
        return (await self.control("POST", "/tokens", **body))["token"]

    async def asked(self, method: str, ending: str = "") -> list[dict[str, Any]]:
        """The requests that reached the stand-in, lost ones too."""
        records: list[dict[str, Any]] = await self.control("GET", "/requests")
        return [each for each in records if each["method"] == method and each["path"].endswith(ending)]

    async def issues(self) -> list[dict[str, Any]]:
        return await self.control("GET", "/issues")


@asynccontextmanager
async def github_world() -> AsyncGenerator[World]:
    async with serve() as standin, httpx.AsyncClient(trust_env=False, timeout=60, limits=IDLE) as http:
        world = World(standin, http)
        try:
            yield world
        finally:
            for client in world.clients:
                client.close()


def claim(nonce: str = "one", **more: Any) -> Claim:
    plain: dict[str, Any] = {"node": "node-a", "login": "fleet-bot", "attempt": 1, "state": "creating", "floor": 0}
    return Claim(repository=SHOP, root=ROOT, nonce=nonce, at=1_800_000_000.5, **{**plain, **more})
