"""Ctrl-C, SIGTERM and SIGHUP end the demo with a `KeyboardInterrupt`, but not while a process is being started.

A process that was started and not yet noted down would be left behind. So starting is shielded: what comes meanwhile is
raised right after it. Blocking the signals instead would not do: a child inherits the mask.
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Made by `taken_over`. For the main thread."""

    def __init__(self) -> None:
        self._shields = 0
        self._came = False

    @contextmanager
    def shielded(self) -> Generator[None]:
        """What comes within is raised at the end of the outermost shield."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
            if self._came and not self._shields:
                self.end()
                raise KeyboardInterrupt

    def end(self) -> None:
        """From now on nothing interrupts any more: what is left to do is to clear up."""
        self._shields += 1

    def take(self, *_: object) -> None:
        """The signal handler. It raises once: whoever is impatient would leave something behind."""
        if self._shields:
            self._came = True
        else:
            self.end()
            raise KeyboardInterrupt


@contextmanager
def taken_over() -> Generator[Interrupts]:
    """Ours are the signals until the end."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.take) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
