"""Addresses, on the host and port that the client used: PyGithub follows them and refuses any other."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Links:
    origin: str  # http://127.0.0.1:8080
    prefix: str = ""  # /api/v3 where the client speaks to it as to an enterprise server

    @property
    def api(self) -> str:
        return self.origin + self.prefix

    def repository(self, full_name: str) -> str:
        return f"{self.api}/repos/{full_name}"

    def user(self, login: str) -> str:
        return f"{self.api}/users/{quote(login, safe='')}"

    def page(self, *parts: object) -> str:
        """An address that people open in a browser."""
        return "/".join([self.origin, *(str(part) for part in parts)])
