"""A lock that costs nothing while nobody else holds it.

trio's own locks pass through the scheduler each time they are taken, which is fair and right for most; a record on its
way to the disk takes three of them. Who uses this awaits something else inside, so nobody is starved.
"""

from typing import Protocol

import trio


class Lock(Protocol):
    """`trio.Lock` or `trio.Semaphore`."""

    def acquire_nowait(self) -> None: ...
    async def acquire(self) -> None: ...
    def release(self) -> object: ...


class Turn:
    """`async with turn:` holds the lock."""

    def __init__(self, lock: Lock | None = None) -> None:
        self._lock = lock or trio.Lock()

    async def __aenter__(self) -> None:
        try:
            self._lock.acquire_nowait()
        except trio.WouldBlock:
            await self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
