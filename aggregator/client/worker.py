"""The bounded queue between the program and the sender thread, and that thread's life.

`put` is what a capture costs the program besides the taking: a re-entrant lock for a few instructions and a
`SimpleQueue`, so that signal handlers, `__del__` and any thread may call it. The queue is bounded in records and in
bytes. Full: the new record is dropped and counted, as the first ones of a storm say most about its cause. What ends
the program finds room all the same, in a small reserve: it matters most and comes last.

The thread starts with the first record and ends when nothing is left to do, so a program without errors has no thread
and no connection. It is started below `threading`: nothing waits for it, neither its start nor at exit. Where no
thread can be started (an interpreter that ends), `flush` and `close` do its work themselves.

After a fork the child starts anew: own queue, session and counters; what the parent held is the parent's to send.
"""

from __future__ import annotations

import _thread
import threading
import time
from queue import Empty, SimpleQueue

from aggregator.client.counters import Counters
from aggregator.client.sender import Flush, Sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.client.capture import Capture
    from aggregator.client.settings import Settings

QUEUE_RECORDS = 512
QUEUE_BYTES = 4 * 1024 * 1024  # as `Capture.size` estimates
RESERVE_RECORDS = 8  # beyond both bounds, for what ends the program
GRACE_SECONDS = 1.0  # beyond a flush's own time: for a write to the disk


class Worker:
    """One per process."""

    def __init__(self, settings: Callable[[], Settings], starts: Callable[[], None]) -> None:
        self._settings = settings
        self._starts = starts  # called when the thread is about to start
        self._begin()

    def _begin(self) -> None:
        self.counters = Counters()
        self._lock = threading.RLock()
        self._queue: SimpleQueue[Capture | Flush] = SimpleQueue()
        self._bytes = 0
        self._running = False
        self._sender = Sender(self._settings, self.counters)

    def after_fork(self) -> None:
        """In the child: forget the parent's records, connection and spool, and leave them to the parent."""
        abandoned = self._sender
        self._begin()
        abandoned.abandon()

    def put(self, capture: Capture) -> bool:
        """Give `capture` to the thread. False: dropped and counted."""
        size = capture.size()
        with self._lock:
            self.counters.captured += 1
            if not self._has_room(size, capture.ended):
                self.counters.drop("queue full", capture.occurrences())
                return False
            self._bytes += size
            self._queue.put(capture)
        self._ensure_running()
        return True

    def _has_room(self, size: int, ended: bool) -> bool:
        waiting = self._queue.qsize()
        if ended:
            return waiting < QUEUE_RECORDS + RESERVE_RECORDS
        return waiting < QUEUE_RECORDS and self._bytes + size <= QUEUE_BYTES

    def flush(self, seconds: float, closing: bool = False) -> bool:
        """Wait until the node has all that was captured; True if so. What it has not got by then is spooled."""
        with self._lock:
            if not self._running and self._queue.empty() and self._sender.idle():
                return True
            flush = Flush(time.monotonic() + seconds, closing)
            self._queue.put(flush)
        if not self._ensure_running():
            self._run(flush)
        return flush.done.wait(seconds + GRACE_SECONDS) and flush.settled

    def _ensure_running(self) -> bool:
        with self._lock:
            if self._running:
                return True
            try:
                self._running = True
                self._starts()
                _thread.start_new_thread(self._run, ())
            except RuntimeError:  # no thread may be started any more, or just now: the next call tries again
                self._running = False
        return self._running

    def _run(self, only: Flush | None = None) -> None:
        """Work until nothing is left; or in a thread of the program, until `only` is over."""
        try:
            while not (self._finished() if only is None else only.done.is_set()):
                items = self._take(self._sender.pause())
                self._sender.step(items, time.monotonic())
        except BaseException as error:
            self._failed()
            if not isinstance(error, Exception) and only is not None:
                raise

    def _finished(self) -> bool:
        """Whether the thread may end; nobody can put a record between the look and the end."""
        with self._lock:
            if not self._sender.idle() or not self._queue.empty():
                return False
            self._running = False
            return True

    def _take(self, seconds: float) -> list[Capture | Flush]:
        items: list[Capture | Flush] = []
        try:
            items.append(self._queue.get(timeout=seconds) if seconds > 0 else self._queue.get_nowait())
            while True:
                items.append(self._queue.get_nowait())
        except Empty:
            pass
        with self._lock:
            self._bytes -= sum(item.size() for item in items if not isinstance(item, Flush))
        return items

    def _failed(self) -> None:
        """A fault of ours must not end in the program: count what is lost and start over with the next record."""
        with self._lock:
            self.counters.drop("sender failed", max(1, self._sender.in_memory()))
            self._sender.abandon()
            self._sender = Sender(self._settings, self.counters)
            self._running = False
