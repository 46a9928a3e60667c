"""Where Python tells about errors that nobody caught. Each hook calls the one that was there before.

The traceback that the program's user sees is the one it would see without us: our own frames (of `watch`) are taken
out of it. The record factory of `logging` is chained too: it fills the ring of log lines, and through it come
asyncio's reports of exceptions that nobody awaited, whatever loop or policy is in use.
"""

from __future__ import annotations

import logging
import sys
import threading

from aggregator.client.build import OWN_FILES
from aggregator.client.stops import is_stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from aggregator.client.capture import Answer
    from aggregator.client.client import Client
    from aggregator.client.settings import Hook

PLACES: dict[str, tuple[Any, str]] = {
    "main": (sys, "excepthook"),
    "threads": (threading, "excepthook"),
    "unraisable": (sys, "unraisablehook"),
}


class Hooks:
    """The hooks of one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._previous: dict[str, Callable[..., Any]] = {}
        self._ours: dict[str, Callable[..., Any]] = {
            "main": self._main,
            "threads": self._thread,
            "unraisable": self._unraisable,
        }
        self._factory: Callable[..., logging.LogRecord] | None = None
        self._wanted: frozenset[str] = frozenset()

    def set(self, wanted: frozenset[Hook]) -> None:
        """Have the hooks `wanted` and no others."""
        self._wanted = frozenset(wanted)
        for name, (module, attribute) in PLACES.items():
            if name in wanted and name not in self._previous:
                self._previous[name] = getattr(module, attribute)
                setattr(module, attribute, self._ours[name])
            elif name not in wanted and getattr(module, attribute) == self._ours[name]:
                setattr(module, attribute, self._previous.pop(name))
        self._set_factory(bool(wanted & {"logging", "asyncio"}))

    def _set_factory(self, wanted: bool) -> None:
        if wanted and self._factory is None:
            self._factory = logging.getLogRecordFactory()
            logging.setLogRecordFactory(self._record)
        elif not wanted and self._factory is not None and logging.getLogRecordFactory() == self._record:
            logging.setLogRecordFactory(self._factory)
            self._factory = None  # a thread that is logging right now has the plain record class instead

    def _main(self, kind: type[BaseException], exc: BaseException, traceback: TracebackType | None) -> None:
        answer = self._ending(exc)
        self._previous["main"](kind, exc, without_own(exc, traceback))
        self._client.tell(answer)

    def _ending(self, exc: BaseException) -> Answer | None:
        try:
            interactive = hasattr(sys, "ps1")  # a slip at the prompt ends nothing
            if interactive or "main" not in self._wanted or is_stop(exc):
                return None
            return self._client.ending(exc)
        except Exception:
            return None

    def _thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._take("threads", args.exc_value)
        self._previous["threads"](args)

    def _unraisable(self, args: sys.UnraisableHookArgs) -> None:
        if args.exc_value is not None and not sys.is_finalizing():
            self._take("unraisable", args.exc_value)
        self._previous["unraisable"](args)

    def _record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = (self._factory or logging.LogRecord)(*args, **kwargs)
        self._logged(record)
        return record

    def _logged(self, record: logging.LogRecord) -> None:
        try:
            if "logging" in self._wanted and record.name:
                self._client.ring.add(record)
            if record.name == "asyncio" and record.levelno >= logging.ERROR and record.exc_info:
                exc = record.exc_info[1]
                if exc is not None:
                    self._take("asyncio", exc)
        except Exception:
            return

    def _take(self, hook: str, exc: BaseException) -> None:
        try:
            if hook in self._wanted and not is_stop(exc) and not self._client.captured(exc):
                self._client.capture(exc, handled=False)
        except Exception:
            return


def without_own(exc: BaseException, traceback: TracebackType | None) -> TracebackType | None:
    """`traceback` without our frames, in the exception too: that is the one which is printed."""
    while traceback is not None and _own(traceback):
        traceback = traceback.tb_next
    exc.__traceback__ = traceback
    node = traceback
    while node is not None and node.tb_next is not None:
        if _own(node.tb_next):
            node.tb_next = node.tb_next.tb_next
        else:
            node = node.tb_next
    return traceback


def _own(node: TracebackType) -> bool:
    return node.tb_frame.f_code.co_filename.startswith(OWN_FILES)
