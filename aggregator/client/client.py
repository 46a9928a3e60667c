"""The client of one process: takes errors in the caller's thread and gives them to the worker.

Everything that may fail because of what it was given stands under a guard here: the program around it never sees an
`Exception` of ours, only a counter.
"""

from __future__ import annotations

import atexit
import itertools
import os
import sys
import threading
import time

from aggregator import limits
from aggregator.client import hooks, notice
from aggregator.client.capture import Answer, Capture, occurrences
from aggregator.client.logring import LogRing
from aggregator.client.snapshot import TAKEN_CHARS, take_chain
from aggregator.client.text import exact, shown
from aggregator.client.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from aggregator.client.settings import Settings

MARK = "__aggregator_id__"  # on an exception that was reported: the hooks it meets later leave it alone


class Client:
    """Use `install()`; there is one per process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ring = LogRing(settings.log_lines)
        self.worker = Worker(lambda: self.settings, self._thread_starts)
        self._hooks = hooks.Hooks(self)
        self._begin()
        self._removed = False
        atexit.register(self._at_exit)
        os.register_at_fork(after_in_child=self._after_fork)

    def _begin(self) -> None:
        self._ids = itertools.count(1)
        self._id_prefix = os.urandom(6).hex()
        self._finalizer: object = None
        self.waited_in_vain = False  # a notice was waited for already: the end must not wait again

    def configure(self, settings: Settings) -> None:
        """Take `settings` from now on."""
        self.settings = settings
        self.ring.resize(settings.log_lines)
        self._hooks.set(settings.hooks)

    def capture(self, exc: BaseException | None, **options: Any) -> str:
        """Report `exc`; answers the id, or empty."""
        try:
            if not isinstance(exc, BaseException):
                self.worker.counters.drop("not an exception")
                return ""
            chain = take_chain(exc, self.settings.stack_trace)
            capture = self._new(chain[0].message, exact(type(exc).__qualname__, limits.NAME_CHARS))
            capture.chain = chain
            if not self._put(capture, options):
                return ""
            object.__setattr__(exc, MARK, capture.id)
            return capture.id
        except Exception:
            self.worker.counters.drop("cannot be taken")
            return ""

    def report(self, message: str, **options: Any) -> str:
        """Report a message; answers the id, or empty."""
        count = options.pop("count", 1)
        try:
            kind = exact(options.pop("type", None), limits.NAME_CHARS)
            text = exact(message, TAKEN_CHARS) or shown(message, TAKEN_CHARS)  # whatever it was given
            capture = self._new(text, kind)
            capture.count = count
            return capture.id if self._put(capture, options) else ""
        except Exception:
            self.worker.counters.drop("cannot be taken", occurrences(count))
            return ""

    def _new(self, message: str, type: str) -> Capture:
        id = f"{self._id_prefix}-{next(self._ids)}"
        return Capture(id, time.time(), threading.current_thread().name, message, type)

    def _put(self, capture: Capture, options: dict[str, Any]) -> bool:
        for name, value in options.items():
            if value is not None:
                setattr(capture, name, value)
        if capture.context is not None:
            capture.context = dict(capture.context)
        capture.logs = self.ring.last() if not capture.logs else tuple(capture.logs)
        return self.worker.put(capture)

    def captured(self, exc: BaseException) -> bool:
        """Whether `exc` was reported before, here or in the process it came from."""
        try:
            return MARK in exc.__dict__
        except Exception:
            return False

    def ending(self, exc: BaseException) -> Answer | None:
        """Report what ends the program; the answer to wait for, None where there is nothing to tell."""
        if self.captured(exc):
            return None
        answer = Answer()
        return answer if self.capture(exc, handled=False, ended=True, answer=answer) else None

    def tell(self, answer: Answer | None) -> None:
        """Wait for `answer` a moment and print the notice where the report was accepted."""
        if answer is not None:
            self.waited_in_vain = not notice.tell(answer)

    def flush(self, seconds: float) -> bool:
        """Whether everything is settled within `seconds`; what is not is spooled."""
        try:
            return self.worker.flush(seconds)
        except Exception:
            return False

    def _thread_starts(self) -> None:
        """A child of multiprocessing ends without `atexit`: it has finalizers of its own."""
        process, util = (sys.modules.get(f"multiprocessing.{name}") for name in ("process", "util"))
        if process is not None and util is not None and process.parent_process() is not None and not self._finalizer:
            self._finalizer = util.Finalize(None, self._at_exit, exitpriority=0)

    def remove(self) -> None:
        """Take the hooks away and close."""
        self._hooks.set(frozenset())
        self._at_exit()
        self._removed = True
        atexit.unregister(self._at_exit)

    def _at_exit(self) -> None:
        try:
            self.worker.flush(0.0 if self.waited_in_vain else notice.WAIT_SECONDS, closing=True)
        except Exception:
            return

    def _after_fork(self) -> None:
        if not self._removed:
            self.ring.clear()
            self._begin()
            self.worker.after_fork()
