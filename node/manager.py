"""What the node tells the service manager that started it: ready, reloading, stopping, how it is, and that it lives.

systemd's protocol is one datagram of NAME=VALUE lines to the socket named in $NOTIFY_SOCKET. It is spoken here, in the
few lines that it takes: what wraps systemd's own library has to be built against its headers, and what does not is no
longer looked after. Saying never waits and never fails: a manager that does not listen is no reason to count worse.

The keep-alive comes from the event loop, a third of the watchdog's time apart. Whatever computes for too long there
ends it, and the manager ends the node and starts another. It does not ask the disk: a restart mends no disk.
"""

import socket
import time
from collections.abc import Callable, MutableMapping

import structlog
import trio

ADDRESS, WATCHDOG, WATCHDOG_OF = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
STATUS_EVERY = 10.0  # seconds between two looks at how the node is
BEATS = 3  # keep-alives within the watchdog's time: two may be late

log = structlog.get_logger("manager")


class Manager:
    """Who started this node. `address`: empty where nobody wants to be told; `watchdog`: its time in seconds, or 0."""

    def __init__(self, address: str = "", watchdog: float = 0.0) -> None:
        self.watchdog = watchdog
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._told = ""

    def ready(self) -> None:
        """The node takes records, answers, and is linked to its network; also said when a reload is done."""
        self._say("READY=1")

    def reloading(self) -> None:
        self._say(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._say("STOPPING=1\nSTATUS=stopping: what was taken is being written down")

    async def run(self, status: Callable[[], str]) -> None:
        """Say that the loop lives, and `status` in one line where it has changed, until cancelled."""
        if not self._address:
            return
        pause = min(STATUS_EVERY, self.watchdog / BEATS) if self.watchdog else STATUS_EVERY
        while True:
            self._tell(status())
            if self.watchdog:
                self._say("WATCHDOG=1")
            await trio.sleep(pause)

    def _tell(self, status: str) -> None:
        line = " ".join(status.split())
        if line != self._told:
            self._told = line
            self._say(f"STATUS={line}")

    def _say(self, lines: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as to:
            try:
                to.sendto(lines.encode(), self._address)
            except OSError as error:
                log.warning("the service manager was not told", reason=error.strerror, place=self._address.lstrip("\0"))


def manager_in(environment: MutableMapping[str, str], pid: int) -> Manager:
    """Who is named in `environment`. The names are taken out of it: no program that the node runs speaks for it."""
    address = environment.pop(ADDRESS, "")
    microseconds, of = environment.pop(WATCHDOG, ""), environment.pop(WATCHDOG_OF, "")
    meant = of in ("", str(pid)) and microseconds.isdecimal()
    return Manager(address if address[:1] in ("/", "@") else "", int(microseconds) / 1e6 if meant else 0.0)
