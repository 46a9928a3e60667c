"""`aggregator config show`: every setting, its effective value and where that comes from."""

from typing import Any

import msgspec
from rich.console import RenderableType

from node.cli.tables import literal, rows
from node.cli.verb import Cli, Verb
from node.config import SETTINGS, value_of
from node.config.edit import displayed


class Entry(msgspec.Struct, frozen=True):
    key: str
    value: Any
    source: str  # default, FILE:LINE, or a variable of the environment
    effect: str


def run(cli: Cli) -> list[Entry]:
    """Show every setting, its effective value and where that comes from."""
    return [entry(cli, key) for key in SETTINGS]


def entry(cli: Cli, key: str) -> Entry:
    setting = SETTINGS[key]
    return Entry(
        key,
        displayed(key, setting.kind.write(value_of(cli.loaded.config, key))),
        cli.loaded.sources[key],
        setting.effect,
    )


def table(entries: list[Entry]) -> RenderableType:
    lines = ((e.key, literal(e.value), e.source, e.effect) for e in entries)
    return rows(("KEY", "VALUE", "SOURCE", "EFFECT"), lines, "")


VERB = Verb("show", run, table)
