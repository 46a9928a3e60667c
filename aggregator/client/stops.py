"""What ends a program without being an error: Ctrl-C, exit, cancellation, and a reader of stdout that went away."""

from __future__ import annotations

import select
import sys

from aggregator.client.snapshot import members_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

# Looked up only where the program has loaded them: whoever raises one has.
CANCELLATIONS = (("asyncio.exceptions", "CancelledError"), ("trio", "Cancelled"))


def is_stop(exc: BaseException | None) -> bool:
    """Whether `exc` is no error. A group is none when all of its members are none."""
    if exc is None or isinstance(exc, (KeyboardInterrupt, SystemExit, GeneratorExit)):
        return True
    if isinstance(exc, BrokenPipeError):
        return _reader_gone(sys.stdout)
    if members := members_of(exc):
        return all(is_stop(member) for member in members)
    return any(isinstance(exc, kind) for kind in _cancellations())


def _cancellations() -> list[type]:
    modules = ((sys.modules.get(module), name) for module, name in CANCELLATIONS)
    found = (getattr(module, name, None) for module, name in modules if module is not None)
    return [kind for kind in found if isinstance(kind, type)]


def _reader_gone(stream: TextIO | None) -> bool:
    """Whether nobody reads the pipe behind `stream` any more; asked without writing to it."""
    if stream is None:
        return False
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError, AttributeError):
        return False
