"""What can go wrong at GitHub, by the ids of the stand-in's switches, while a whole fleet files."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.faults.scene import OFTEN, Scene

Strike = Callable[[Scene], Awaitable[None]]
ISSUES, REFS, COMMITS, CLAIM = "/issues$", "/git/refs$", "/git/commits$", "/git/ref/"
LASTING = 8.0  # seconds that what lasts goes on; then it is mended


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
    "LOG-01": ANYWHERE,
    "HOK-01": ANYWHERE,
}
DOUBLES = {"FLT-06"}  # a middlebox that posts an issue twice makes two; one is closed


def at_github(identifier: str) -> Strike:
    """In one of its ways, chosen by chance; two lost answers or lags at a time are worse than one."""

    async def strike(scene: Scene) -> None:
        await scene.while_(0.0, 2.0)
        switch = scene.draw.choice(SWITCHES[identifier])
        scene.fault(identifier, switch.method, switch.path, **switch.options)
        if identifier in ("FLT-04", "FLT-05"):  # what lags hides matters where an answer was lost
            scene.fault("FLT-01", "POST", ISSUES)
        scene.told.append(f"{switch.method} {switch.path} {switch.options}")
        await scene.while_(LASTING / 2, LASTING)

    return strike
