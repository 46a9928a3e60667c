"""Routes: a method, a path and the handler. Routes below a repository are found under its name and under its id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.routing import compile_path

from node.demo.github.wire.answer import Answer
from node.demo.github.wire.call import Call

Handler = Callable[[Call], Awaitable[Answer]]
NAMED = "/repos/{owner}/{repo}"
NUMBERED = "/repositories/{repository_id:int}"


class Route:
    """`when_empty` and `when_archived`: answered also while the repository has no commit, or may not be written."""

    def __init__(
        self, method: str, path: str, handler: Handler, *, when_empty: bool = False, when_archived: bool = False
    ) -> None:
        self.method = method
        self.path = path
        self.handler = handler
        self.when_empty = when_empty
        self.when_archived = when_archived
        self.pattern, _, self.convertors = compile_path(path)

    def match(self, method: str, path: str) -> dict[str, Any] | None:
        """The parameters in the path, or None when this is another route."""
        found = self.pattern.match(path) if method == self.method else None
        if found is None:
            return None
        return {name: self.convertors[name].convert(value) for name, value in found.groupdict().items()}

    @property
    def below_repository(self) -> str:
        """The path without the repository."""
        return self.path.removeprefix(NAMED).removeprefix(NUMBERED)

    def below(self, prefix: str) -> Route:
        return Route(
            self.method, prefix + self.path, self.handler, when_empty=self.when_empty, when_archived=self.when_archived
        )


def below_repository(routes: Sequence[Route]) -> list[Route]:
    return [route.below(prefix) for route in routes for prefix in (NAMED, NUMBERED)]


def find(routes: Sequence[Route], method: str, path: str) -> tuple[Route, dict[str, Any]] | None:
    """The first route that fits; a HEAD is answered as a GET whose body the server leaves out."""
    wanted = "GET" if method == "HEAD" else method
    for route in routes:
        params = route.match(wanted, path)
        if params is not None:
            return route, params
    return None
