"""Whoever hangs up on the control server is gone at once, with descriptor and tasks, and takes nobody along.

The library's trio half reads the end of a connection and then still waits until its idle time is over, which its
asyncio half does not. Each request that was answered so holds a descriptor and two tasks for five seconds more: who
asks a hundred times a second holds five hundred descriptors. The wait is stopped when nothing more can be read, and
does not begin again when a late answer is done. A request that is still worked on goes on. Idle time itself stays: who
is silent and connected is ended by it.

Who hangs up in the middle of a body is answered by the library while the application may be answering too. The one
that comes while the other closes is told that the connection is busy: to it the connection has ended. Whatever else a
connection fails with ends that connection alone and is in the log: the library lets it climb up to the whole node.

It is the library's class that is changed, for the whole process: it makes its connections itself. A library without
what is relied on here is left as it is, and a test says so.
"""

from collections.abc import Callable
from typing import Any, cast

import structlog
import trio
from hypercorn.events import Closed, Event
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import TrioSingleTask

_log = structlog.get_logger("control")
_run = getattr(TCPServer, "run", None)
_send = getattr(TCPServer, "protocol_send", None)
_read_until_the_end = getattr(TCPServer, "_read_data", None)


class _NeverIdle(TrioSingleTask):
    """Of a connection that has ended: there is nothing to wait for."""

    async def restart(self, task_group: Any, action: Callable[..., Any]) -> None:
        """Do nothing."""


async def _run_alone(connection: TCPServer) -> None:
    try:
        await cast("Any", _run)(connection)
    except* Exception as failed:  # one connection must not end the others
        reason = ", ".join(type(each).__name__ for each in failed.exceptions)
        _log.error("connection failed", reason=reason, exc_info=True)


async def _send_unless_closing(connection: TCPServer, event: Event) -> None:
    try:
        await cast("Any", _send)(connection, event)
    except trio.BusyResourceError:
        await connection.protocol.handle(Closed())


async def _read_and_wait_no_more(connection: TCPServer) -> None:
    inner = cast("Any", connection)
    await cast("Any", _read_until_the_end)(inner)
    idle, inner.idle_task = inner.idle_task, _NeverIdle()
    await idle.stop()


def notice_hangups() -> None:
    """From now on. To call it again changes nothing."""
    library = cast("Any", TCPServer)
    if _run is not None:
        library.run = _run_alone
    if _send is not None:
        library.protocol_send = _send_unless_closing
    if _read_until_the_end is not None:
        library._read_data = _read_and_wait_no_more
