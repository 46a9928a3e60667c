"""What can go wrong at GitHub, by the ids of the stand-in's switches, while a whole fleet files."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import trio

from aggregator.filing.settings import OWN_LABEL
from node.demo.github.wire.switches import COUNTED, LAGS
from tests.faults.scene import OFTEN, OLD, Scene

Strike = Callable[[Scene], Awaitable[None]]
ISSUES, REFS, COMMITS, CLAIM = "/issues$", "/git/refs$", "/git/commits$", "/git/ref/"
LASTING = 8.0  # seconds that what lasts goes on at most, once it struck; then it is mended
MEETING = 20.0  # seconds that it has to strike: five ticks


@dataclass(frozen=True)
class Switch:
    """One way in which a switch is set."""

    method: str = ""
    path: str = ""
    options: dict[str, Any] = field(default_factory=dict[str, Any])


WRITES = [Switch("POST", COMMITS), Switch("POST", REFS), Switch("POST", ISSUES), Switch("PATCH", "/git/refs/")]
READS = [Switch("GET", ISSUES), Switch("GET", CLAIM)]


def with_(switches: list[Switch], *options: dict[str, Any]) -> list[Switch]:
    """Each of them with each of these options."""
    return [replace(switch, options={**switch.options, **more}) for switch in switches for more in options]


ONCE_OR_OFTEN = ({"times": 1}, {"times": 3}, {"times": OFTEN})
BROKEN = [{"status": status, "when": when} for status in (502, 503, 504) for when in ("before", "after")]
LIMITS = [{"status": status, "seconds": 2, "times": times} for status in (403, 429) for times in (1, 3)]
SECONDARY = [{"status": status, "retry_after": 2, "times": times} for status in (403, 429) for times in (1, 3)]
LAG = ({"seconds": 3.0}, {"seconds": 3600.0})
ANYWHERE = [Switch()]

SWITCHES: dict[str, list[Switch]] = {
    "FLT-01": with_(WRITES, *ONCE_OR_OFTEN),
    "FLT-02": with_([*WRITES, *READS], *ONCE_OR_OFTEN),
    "FLT-03": with_([*WRITES, *READS], *BROKEN),
    "FLT-04": with_(ANYWHERE, *LAG),
    "FLT-05": with_(ANYWHERE, *LAG, {"seconds": 3600.0, "answer": "404"}),
    "FLT-06": with_(WRITES, {"answer": "first"}, {"answer": "second"}),
    "RTE-01": with_([*WRITES, *READS], *LIMITS),
    "RTE-02": with_([*WRITES, *READS], *SECONDARY),
    "RTE-03": with_(ANYWHERE, {"per_minute": 5}),
    "RTE-04": ANYWHERE,
    "STA-01": ANYWHERE,
    "STA-02": ANYWHERE,
    "STA-03": with_(ANYWHERE, {"name": "moved"}),
    "STA-04": ANYWHERE,
    "STA-05": ANYWHERE,
    "PRM-01": ANYWHERE,
    "PRM-02": ANYWHERE,
    "CPL-01": ANYWHERE,
    "PAG-01": with_([Switch("GET", ISSUES)], {"times": 10}),
    "TIM-01": ANYWHERE,
    "LOG-01": with_(ANYWHERE, {"seconds": 1}),
    "HOK-01": with_(ANYWHERE, {"fail": True}),
}
DOUBLES = {"FLT-06"}  # a middlebox that posts an issue twice makes two; one is closed
HARMLESS = {"RTE-04", "STA-05", "PAG-01", "PRM-02", "CPL-01", "TIM-01", "LOG-01", "HOK-01"}  # it is filed all the same
READ_WRONG = {"FLT-04", "FLT-05", "PAG-01", "TIM-01"}  # what a list tells matters where an answer was lost
PAGE = 100  # issues that a list tells at a time


def at_github(identifier: str) -> Strike:
    """In one of its ways, chosen by chance; set before the first of the round's bugs occurs, until it was met."""

    async def strike(scene: Scene) -> None:
        switch = scene.draw.choice(SWITCHES[identifier])
        set_switch(scene, identifier, switch)
        how = await outlast(scene, identifier)
        scene.told.append(f"{switch.method} {switch.path} {switch.options} {how}".strip())

    return strike


def set_switch(scene: Scene, identifier: str, switch: Switch) -> None:
    """With what makes it matter."""
    scene.fault(identifier, switch.method, switch.path, **switch.options)
    if identifier == "STA-05":
        for issue in scene.issues():
            scene.fault(identifier, number=issue["number"])
    if identifier in READ_WRONG:
        scene.fault("FLT-01", "POST", ISSUES)
    if switch.path == CLAIM:  # it is read by who lost it, or does not know that it won
        scene.fault("FLT-01", "POST", REFS)


async def outlast(scene: Scene, identifier: str) -> str:
    """How it was met."""
    counted = identifier in COUNTED | LAGS
    how = await scene.hit(identifier, MEETING) or "NOT MET" if counted else "stands"
    if identifier in HARMLESS:
        await scene.filed()
    else:
        await scene.while_(0.0 if counted else LASTING / 2, LASTING)
    return how


async def fill_a_page(scene: Scene) -> None:
    """People labelled so many issues as ours that the list has two pages."""

    def fill() -> None:
        for _ in range(PAGE + 1):
            scene.fleet.hub.issue(title=OLD, labels=[OWN_LABEL])

    await trio.to_thread.run_sync(fill)
