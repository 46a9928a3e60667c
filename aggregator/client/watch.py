"""`watch(main)`: report what a main function fails with, and let it fail as it would have.

Running under `watch` is consent: it installs the client with its defaults where the program has not called
`install()`. The result passes through; the exception is raised again, the very same; stops (Ctrl-C, exit,
cancellation, a closed stdout) are not reported.
"""

from __future__ import annotations

import functools

from aggregator.client import api
from aggregator.client.stops import is_stop

COROUTINE = 0x80  # inspect.CO_COROUTINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypeVar, overload

    Main = TypeVar("Main", bound=Callable[..., Any])

    @overload
    def watch(main: Main, /) -> Main: ...
    @overload
    def watch(*, service: str | None = None, release: str | None = None) -> Watch: ...


def watch(main: Any = None, /, *, service: str | None = None, release: str | None = None) -> Any:
    """Wrap a main function, sync or async: `main = watch(main)`, `@watch`, `@watch(service="…")`, `with watch(): …`.

    With `AGGREGATOR_DISABLED=1` the function itself comes back.
    """
    watching = Watch(service, release)
    return watching if main is None else watching(main)


def is_async(function: Any) -> bool:
    """Whether calling `function` makes a coroutine; `inspect` knows it too, and takes 10 ms to import."""
    while isinstance(function, functools.partial):
        function = function.func  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - of anything
    code: Any = getattr(function, "__code__", None)  # a method has that of its function
    return code is not None and bool(code.co_flags & COROUTINE)


class Watch:
    """What `watch()` gives without a function: a decorator and a context manager."""

    def __init__(self, service: str | None, release: str | None) -> None:
        self._service = service
        self._release = release

    def __call__(self, main: Main) -> Main:
        if api.disabled():
            return main
        wrapper: Any = self._async(main) if is_async(main) else self._sync(main)
        return wrapper

    def _sync(self, main: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(main)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self:
                return main(*args, **kwargs)

        return watched

    def _async(self, main: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(main)
        async def watched(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await main(*args, **kwargs)

        return watched

    def __enter__(self) -> None:
        if api.installed() is None:
            api.install(self._service, self._release)

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        client = api.installed()
        if client is not None and exc is not None and not is_stop(exc):
            client.tell(client.ending(exc))
