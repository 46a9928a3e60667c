"""What the verbs that change the configuration have in common: which file, write it, tell the node.

A node reads one file, and that may be another than the one that is found here: it was started with `--config`, or runs
as another user. So it is asked first. Where no file was named nothing is then written, for what is written beside the
node's file would only mislead; a file that was named is written, and that the node does not read it is said.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.text import Text

from node.cli.tables import literal
from node.cli.verb import DONE, PROBLEM, Cli, Problem, Usage
from node.config import ConfigError, set_value
from node.config.edit import displayed, plain_value
from node.config.file import SYSTEM_FILE, standard_files
from node.config.key import known
from node.control.client import Refused, Silent, Unreachable

RELOADED, NOT_RUNNING = "reloaded", "not running"


class Changed(msgspec.Struct, frozen=True):
    """What was written, and whether a running node has taken it over."""

    path: str
    values: dict[str, Any]
    node: str  # reloaded, not running, or why it has not taken it over
    warnings: list[str] = []


def target(cli: Cli) -> Path:
    """The file to write: the one that was named or is read, else the user's own, for root the system's."""
    own = standard_files(cli.environment)[0]
    return cli.config_path or cli.loaded.path or (SYSTEM_FILE if cli.places.directory.is_relative_to("/var") else own)


def change(cli: Cli, values: Mapping[str, object], warnings: tuple[str, ...] = ()) -> Changed:
    """Write `values` by key into the file.

    Raises `Usage` before anything is written if one of them is not possible, and `Problem` where no file was named and
    the node reads another one.
    """
    try:
        plain = {key: plain_value(key, value) for key, value in values.items()}
    except ConfigError as error:
        raise Usage(str(error)) from None
    path = target(cli)
    other = elsewhere(files_of_node(cli), path)
    if other and not cli.config_path:
        raise Problem(
            f"nothing was written: the node at {cli.node.socket} reads {other}, not {path}: name the file to write, "
            f"--config {other} (or --config {path}, which that node does not read)"
        )
    for key, value in plain.items():
        set_value(path, key, value)
    overruled = [
        f"{known(key).setting.variable} in the environment overrules {key}"
        for key in plain
        if known(key).setting.variable in cli.environment
    ]
    shown = {key: displayed(key, value) for key, value in plain.items()}
    return Changed(str(path), shown, _not_told(other) if other else _tell(cli), [*warnings, *overruled])


def files_of_node(cli: Cli) -> list[str]:
    """The files of which the running node reads the first that exists; none where no node can be asked."""
    try:
        return cli.node.status().config_files
    except (Unreachable, Refused):
        return []


def elsewhere(files: list[str], path: Path) -> str:
    """Which file a node reads that looks for `files`, if that will not be `path` once it is written; else nothing."""
    for each in files:
        if _same(Path(each), path):
            return ""
        if os.path.exists(each):
            return each
    return files[0] if files else ""


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _not_told(other: str) -> str:
    return f"not told, for it reads another file, {other}"


def _tell(cli: Cli) -> str:
    try:
        again = cli.node.reload()
    except Silent as error:
        return f"not told: {error}"
    except Unreachable:
        return NOT_RUNNING
    except Refused as error:
        return f"did not reload: {error}"
    return f"{RELOADED}; {', '.join(again.restart)} take effect at its next start" if again.restart else RELOADED


def taken_over(node: str) -> bool:
    """Whether what was written holds: the node has it, or will have it when it starts."""
    return node == NOT_RUNNING or node.startswith(RELOADED)


def code(changed: Changed) -> int:
    return DONE if taken_over(changed.node) else PROBLEM


def table(changed: Changed) -> RenderableType:
    lines = [f"{key} = {literal(value)}" for key, value in changed.values.items()]
    lines.append(f"written to {changed.path}; node: {changed.node}")
    lines += [f"warning: {warning}" for warning in changed.warnings]
    return Text("\n".join(lines))
