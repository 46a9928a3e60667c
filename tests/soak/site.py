"""Where a soak takes place: the nodes, and the books of what they must have counted in the end."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import trio

from tests.fleet.founding import CONFIG, HOST, found, listening, reserve
from tests.fleet.harness import DaemonProcess
from tests.sender import Map, error
from tests.stage.kit import Talker

Door = Callable[[], Awaitable[trio.SocketStream]]
WINDOW = 30  # seconds: 15 minutes, shortened, so that an hour sees many of them come and go
SETTINGS = """\
[bundle]
interval = "1m"
lookback = "5m"
"""


class Patient(Talker):
    """Whose answer may come late, but comes: else nobody knows whether a record without a session was counted."""

    patience = 120.0


@dataclass
class Site:
    """`acknowledged`: by type of error, what the first node must have counted."""

    nodes: list[DaemonProcess]
    numbers: list[int]  # the port of each where metrics are shown
    acknowledged: Counter[str] = field(default_factory=Counter[str])
    refused: Counter[str] = field(default_factory=Counter[str])  # bad things that were answered as they should be
    notes: list[str] = field(default_factory=list[str])  # what was not as it should be
    crowded: bool = False  # there are more connections than the node takes
    over: trio.Event = field(default_factory=trio.Event)  # good clients finish what they began, and end

    @property
    def node(self) -> DaemonProcess:
        """The one that has the load."""
        return self.nodes[0]

    @property
    def control(self) -> Path:
        return self.node.directory / "control.sock"

    async def talk(self) -> Talker:
        return Patient(await trio.open_unix_socket(str(self.node.socket)))

    def doors(self) -> list[Door]:
        """What connects to each place where the node answers HTTP."""
        return [
            partial(trio.open_unix_socket, str(self.control)),
            partial(trio.open_tcp_stream, HOST, self.numbers[0]),
        ]

    async def pause(self, seconds: float) -> None:
        """Shorter, when it is over."""
        with trio.move_on_after(seconds):
            await self.over.wait()

    def count(self, kind: str, number: int = 1) -> None:
        self.acknowledged[kind] += number

    def note(self, text: str) -> None:
        """Something is wrong: it is in the verdict."""
        if len(self.notes) < 100:
            self.notes.append(text)


def make_site(directory: Path, reserved: ExitStack, names: list[str]) -> Site:
    """A fleet of these, founded by the command line; none of them runs yet."""
    made = found(directory, reserved, names, WINDOW)
    numbers = [reserve(reserved) for _ in names]
    shown = [f'[control]\nmetrics = "{HOST}:{port}"\n' for port in numbers]
    settings = [listening(made.public[name]) + each + SETTINGS for name, each in zip(names, shown, strict=True)]
    places = [directory / name for name in names]
    config = CONFIG.replace('level = "debug"', 'level = "info"')
    nodes = [DaemonProcess(place, each, config=config) for place, each in zip(places, settings, strict=True)]
    return Site(nodes, numbers)


def record(kind: str, **more: Any) -> Map:
    """An error that is counted as `kind`."""
    made = error(1, **more)
    stack = [{**made["exceptions"][0], "type": kind}]
    return {**made, "message": f"{kind} failed", "type": kind, "exceptions": stack}


def short(value: Any) -> str:
    return repr(value)[:200]
