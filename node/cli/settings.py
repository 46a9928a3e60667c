"""What the verbs that change the configuration have in common: which file, write it, tell the node."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.text import Text

from node.cli.tables import literal
from node.cli.verb import Cli, Usage
from node.config import SETTINGS, ConfigError, set_value
from node.config.edit import displayed, plain_value
from node.config.file import SYSTEM_FILE, standard_files
from node.control.client import Refused, Unreachable


class Changed(msgspec.Struct, frozen=True):
    """What was written, and whether a running node has taken it over."""

    path: str
    values: dict[str, Any]
    node: str  # reloaded, not running, or why it did not reload
    warnings: list[str] = []


def target(cli: Cli) -> Path:
    """The file to write: the one that was named or is read, else the user's own, for root the system's."""
    own = standard_files(cli.environment)[0]
    return cli.config_path or cli.loaded.path or (SYSTEM_FILE if cli.places.directory.is_relative_to("/var") else own)


def change(cli: Cli, values: Mapping[str, object], warnings: tuple[str, ...] = ()) -> Changed:
    """Write `values` by key into the file. Raises `Usage` before anything is written if one of them is not possible."""
    try:
        plain = {key: plain_value(key, value) for key, value in values.items()}
    except ConfigError as error:
        raise Usage(str(error)) from None
    path = target(cli)
    for key, value in plain.items():
        set_value(path, key, value)
    overruled = [
        f"{SETTINGS[key].variable} in the environment overrules {key}"
        for key in plain
        if SETTINGS[key].variable in cli.environment
    ]
    shown = {key: displayed(key, value) for key, value in plain.items()}
    return Changed(str(path), shown, _tell(cli), [*warnings, *overruled])


def _tell(cli: Cli) -> str:
    try:
        again = cli.node.reload()
    except Unreachable:
        return "not running"
    except Refused as error:
        return f"did not reload: {error}"
    return f"reloaded; {', '.join(again.restart)} take effect at its next start" if again.restart else "reloaded"


def table(changed: Changed) -> RenderableType:
    lines = [f"{key} = {literal(value)}" for key, value in changed.values.items()]
    lines.append(f"written to {changed.path}; node: {changed.node}")
    lines += [f"warning: {warning}" for warning in changed.warnings]
    return Text("\n".join(lines))
