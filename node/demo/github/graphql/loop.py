"""Resolvers run in a worker thread, because graphql-core gathers awaitables with asyncio; what they touch lives in the
trio thread.

`lazy` is the bridge: it makes a field's value a function, which graphql-core calls only when the field is asked for,
and which then runs on the trio thread. So a resolver sees the model as a handler does: undisturbed between two
awaits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import trio

Arguments = dict[str, Any]
Lazy = Callable[..., Any]


def lazy(resolve: Callable[[Arguments], Awaitable[Any]]) -> Lazy:
    def value(_info: Any, **arguments: Any) -> Any:
        return trio.from_thread.run(resolve, arguments)

    return value


def lazy_sync(resolve: Callable[[Arguments], Any]) -> Lazy:
    def value(_info: Any, **arguments: Any) -> Any:
        return trio.from_thread.run_sync(resolve, arguments)

    return value


def known(resolve: Callable[[], Any]) -> Lazy:
    """For what needs neither arguments nor the trio thread, but should only be made when asked for."""

    def value(_info: Any, **_arguments: Any) -> Any:
        return resolve()

    return value


class Refusal(Exception):
    """An entry of `errors`; `kind` is what GitHub puts into `type`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def no_node(identifier: str) -> Refusal:
    return Refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{identifier}'")
