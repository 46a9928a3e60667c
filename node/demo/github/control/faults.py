"""Set, list and clear switches. Those that change a state for as long as they stand are applied and taken back here."""

from __future__ import annotations

from typing import Any

from node.demo.github.acts import issues
from node.demo.github.control.ask import Ask
from node.demo.github.model.world import World
from node.demo.github.wire.switches import Switch, switch_of


async def listed(ask: Ask) -> Any:
    return [switch.listed() for switch in ask.world.switches.active]


async def add(ask: Ask) -> Any:
    switch = switch_of(ask.body)
    if switch.id == "STA-03":
        rename(ask, switch)
    if switch.id == "STA-05" and "number" in ask.body:
        issues.lock(ask.world, ask.issue, ask.person, ask.now, None)
    ask.world.switches.add(switch)
    return switch.listed()


def rename(ask: Ask, switch: Switch) -> None:
    repository = ask.repository
    switch.options["renamed"] = repository.id
    switch.options["from"] = repository.name
    ask.world.rename(repository, str(ask.body.get("name") or f"{repository.name}-renamed"))


def undo_rename(world: World, switch: Switch) -> None:
    repository = world.repository_by_id(switch.options["renamed"])
    if repository is not None:
        world.rename(repository, switch.options["from"])


async def clear(ask: Ask) -> Any:
    """All of them, or those of one id, or of one path."""
    identifier, path = ask.params.get("id"), ask.body.get("path")
    for switch in list(ask.world.switches.active):
        if identifier in (None, switch.id) and path in (None, switch.path):
            ask.world.switches.remove(switch)
            if switch.id == "STA-03":
                undo_rename(ask.world, switch)
    return {"cleared": True}
