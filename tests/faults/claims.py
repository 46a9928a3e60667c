"""The filer is stopped at one call of filing, by a GitHub that does not answer: killed there, or frozen and woken."""

from collections.abc import Awaitable, Callable

import trio

from tests.faults.scene import TAKEOVER_AGE, Scene

SILENCE = 60.0  # seconds without an answer; longer than the filer lives
SLOW = 2.0  # seconds until a request that was sent arrives
LOST, UNANSWERED, IN_FLIGHT = "FLT-02", "FLT-01", "SLOW"
CLAIM, CREATE, RECORD = ("POST", "/git/refs$"), ("POST", "/issues$"), ("PATCH", "/git/refs/")
Strike = Callable[[Scene], Awaitable[None]]


def killed(how: str, call: tuple[str, str]) -> Strike:
    """Killed at this call; comes back at once, or when another has filed."""

    async def strike(scene: Scene) -> None:
        scene.fault(how, *call, seconds=SLOW if how == IN_FLIGHT else SILENCE)
        filer = await scene.met(how)
        filer.kill()
        if scene.draw.random() < 0.5:
            await scene.filed()

    return strike


def frozen(call: tuple[str, str]) -> Strike:
    """Stopped while this call is on its way, for about the takeover age, and woken while another takes over."""

    async def strike(scene: Scene) -> None:
        scene.fault(IN_FLIGHT, *call, seconds=SLOW)
        filer = await scene.met(IN_FLIGHT)
        filer.freeze()
        await scene.while_(TAKEOVER_AGE, TAKEOVER_AGE + 6.0)
        filer.thaw()

    return strike


async def weak_candidate(scene: Scene) -> None:
    """Of two that may file one is killed while it files; who may not write refs never files."""
    filer = await scene.filer()
    scene.fault(IN_FLIGHT, *CREATE, seconds=SLOW)
    with trio.move_on_after(2.0 * TAKEOVER_AGE):
        filer = await scene.met(IN_FLIGHT)
    filer.kill()
    await scene.filed()
    weak = scene.names[0]
    asked = scene.fleet.requests("POST", "issues")
    assert weak not in {each["login"] for each in asked}, f"{weak} filed, who may not write refs"
