"""Whatever a peer or the library does, the rest of the node keeps running.

What escapes from the stack is logged and the whole stack is built anew, after a pause that grows while it keeps
failing and starts again small once it has held. Only the first start may fail for good: an address that cannot be
listened on is a mistake that an operator wants to hear of at once.
"""

import random
from collections.abc import Awaitable, Callable
from typing import cast

import trio

from node.network.counters import Counters
from node.network.errors import NetworkError
from node.network.logs import Log

FIRST_PAUSE = 0.25  # seconds
LONGEST_PAUSE = 30.0
HELD_SECONDS = 60.0


async def supervise(
    run_once: Callable[[Callable[[], None]], Awaitable[None]],
    ready: Callable[[], None],
    counters: Counters,
    log: Log,
) -> None:
    """Run `run_once(up)` again and again until cancelled; it calls `up()` when it is in service.

    The first time that happens, `ready` is called. Raises NetworkError if it fails with one before that.
    """
    pause, was_up = FIRST_PAUSE, False

    def up() -> None:
        nonlocal was_up
        if not was_up:
            ready()
        was_up = True

    while True:
        started = trio.current_time()
        refusal: NetworkError | None = None
        try:
            await run_once(up)
        except* NetworkError as group:
            refusal = first_of(group)
            log.warning("network failed", reason=str(refusal))
        except* Exception as group:
            log.warning("network failed", reason=describe(group))
        if refusal is not None and not was_up:
            raise refusal
        if trio.current_time() - started >= HELD_SECONDS:
            pause = FIRST_PAUSE
        counters.rebuilt += 1
        await trio.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311 - jitter
        pause = min(pause * 2, LONGEST_PAUSE)


def first_of(group: ExceptionGroup[NetworkError]) -> NetworkError:
    """The first error in a group, however deep."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, ExceptionGroup) else first


def describe(error: BaseException, most: int = 5) -> str:
    """The errors inside a group on one line."""
    if isinstance(error, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return "; ".join(describe(one) for one in inner[:most])
    return ascii(error)[:300]
