"""What goes on beside: who looks, configurations that change, good programs that are stopped for a while."""

import os
import signal
from typing import Any

import httpx
import trio

from tests.soak.good import FOREVER, settle, start_program
from tests.soak.site import SETTINGS, Site, short

PLACES = ("v1/status", "v1/errors", "v1/bundles", "v1/stats", "v1/peers", "v1/issues", "v1/leader", "metrics")
WORSE = ("[filing]\nissues = 7\n", "[[[\n", "[bundle]\nthreshold = 99999999999999999999\n")


async def asked(site: Site, method: str, path: str) -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(uds=str(site.control))
    async with httpx.AsyncClient(transport=transport, base_url="http://node", timeout=30) as http:
        return await http.request(method, "/" + path)


async def readers(site: Site, pause: float) -> None:
    """Everything that can be looked at, in turn."""
    while True:
        for place in PLACES:
            await _look(site, "GET", place, 200)
            await trio.sleep(pause)


async def reloads(site: Site, pause: float) -> None:
    """Another configuration each time; every second one is refused, and the old one stays."""
    turn, usual = 0, site.node.config.read_text()
    while True:
        turn += 1
        changed = usual.replace(SETTINGS, SETTINGS.replace("1m", f"{1 + turn % 5}m"))
        bad = turn % 2 == 0
        site.node.config.write_text(usual + WORSE[turn // 2 % len(WORSE)] if bad else changed)
        await _look(site, "POST", "v1/reload", 409 if bad else 200)
        await trio.sleep(pause)


async def _look(site: Site, method: str, place: str, expected: int) -> Any:
    try:
        answer = await asked(site, method, place)
    except httpx.HTTPError as error:
        site.note(f"{place}: {short(error)}")
        return
    if answer.status_code != expected:
        site.note(f"{place}: {answer.status_code} {answer.text[:200]}")


async def stopped_for_a_while(site: Site, pause: float, stays: float) -> None:
    """A good program that is stopped, goes on, and has lost nothing."""
    while not site.over.is_set():
        running = start_program(site, 10, FOREVER, 0.02)
        await site.pause(pause)
        os.kill(running.pid, signal.SIGSTOP)
        await site.pause(stays)
        os.kill(running.pid, signal.SIGCONT)
        await site.pause(pause)
        await settle(site, running)
