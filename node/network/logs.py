"""The library's own log, tamed: it goes to our log at debug level, shortened, and nowhere else.

On import the library puts its loggers outside the program's configuration, so that its warnings (a traceback for
each failed dial) go bare to stderr; some modules write to the root logger instead, which silently configures it.
What matters of all that is counted by us; the rest helps only who debugs the library.
"""

import logging
from typing import Protocol

MAX_LINE_CHARS = 300
_LIBRARY = "libp2p"
_LOUD = ("libp2p.network.auto_connector",)  # these set their own level


class Log(Protocol):
    """What the network needs of a logger (structlog's fits)."""

    def debug(self, event: str, **fields: object) -> object: ...
    def info(self, event: str, **fields: object) -> object: ...
    def warning(self, event: str, **fields: object) -> object: ...


class _Forward(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.ERROR)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # Hostile text: peers choose parts of it.
            self._log.debug("libp2p says", logger=record.name, text=ascii(record.getMessage())[:MAX_LINE_CHARS])
        except Exception:
            self.handleError(record)


def tame(log: Log) -> None:
    """Send the library's errors to `log`. The last caller in a process gets them."""
    _send_to(_Forward(log))


def hush() -> None:
    """For a verb of the command line: its answer is all that it prints."""
    _send_to(logging.NullHandler())


def _send_to(handler: logging.Handler) -> None:
    library = logging.getLogger(_LIBRARY)
    library.handlers = [handler]
    library.propagate = False
    library.setLevel(logging.ERROR)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.ERROR)
    root = logging.getLogger()
    if not root.handlers:
        # Else the first message to the root logger would make it print everything to stderr.
        root.addHandler(logging.NullHandler())
