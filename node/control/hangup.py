"""Whoever hangs up on the control server is gone at once, with descriptor and tasks.

The library's trio half reads the end of a connection and then still waits until its idle time is over, which its
asyncio half does not. Each request that was answered so holds a descriptor and two tasks for five seconds more: who
asks a hundred times a second holds five hundred descriptors. The wait is stopped when nothing more can be read. A
request that is still worked on goes on. Idle time itself stays: who is silent and connected is ended by it.

It is the library's class that is changed, for the whole process: it makes its connections itself. A library without
what is relied on here is left as it is, and a test says so.
"""

from typing import Any, cast

from hypercorn.trio.tcp_server import TCPServer

_read_until_the_end = getattr(TCPServer, "_read_data", None)


async def _read_and_wait_no_more(connection: TCPServer) -> None:
    inner = cast("Any", connection)
    await cast("Any", _read_until_the_end)(inner)
    await inner.idle_task.stop()


def notice_hangups() -> None:
    """From now on. To call it again changes nothing."""
    if _read_until_the_end is not None:
        cast("Any", TCPServer)._read_data = _read_and_wait_no_more
