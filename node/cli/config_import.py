"""`aggregator config import`: take over the settings of the tool that was used before."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import RenderableType
from rich.text import Text

from node.cli.settings import change, taken_over, target
from node.cli.tables import literal, safe
from node.cli.verb import DONE, PROBLEM, Cli, Usage, Verb
from node.config import SETTINGS, ConfigError, value_of
from node.config.earlier import Found, from_environment, from_file
from node.config.edit import plain_value

USUAL = ".ipfs_kit/auto_heal_config.json"  # below the home directory
NOTHING = (
    "name the file of the earlier tool (its JSON or YAML), or --env for its variables: "
    "aggregator config import [--env] [FILE]"
)


class Change(msgspec.Struct, frozen=True):
    key: str
    now: Any
    new: Any
    source: str  # what it was called


class Imported(msgspec.Struct, frozen=True):
    """What would be, or was, taken over; `refused` and `left_out` by the earlier name, with the reason."""

    path: str  # the file that is written
    changes: list[Change]
    refused: dict[str, str]
    left_out: dict[str, str]
    written: bool
    node: str = ""  # what a running node made of it
    warnings: list[str] = []


def run(
    cli: Cli,
    file: Annotated[Path | None, typer.Argument(help="Its JSON or YAML file.", metavar="[FILE]")] = None,
    env: Annotated[bool, typer.Option("--env", help="Its variables in the environment; they win over FILE.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write it; without this it is only shown.")] = False,
) -> Imported:
    """Show, or with --write take over, the settings of an earlier tool. Comments stay; a token is never taken over."""
    found = _found(cli, file, env)
    refused, plain = dict[str, str](), dict[str, Any]()
    for key, value in found.values.items():
        try:
            plain[key] = plain_value(key, value)
        except ConfigError as error:
            refused[found.sources[key]] = str(error)
    every = [Change(key, _now(cli, key), new, found.sources[key]) for key, new in plain.items()]
    changes = [each for each in every if each.now != each.new]
    done = Imported(str(target(cli)), changes, refused, found.left_out, written=False)
    if not write or not changes:
        return done
    written = change(cli, {each.key: each.new for each in changes})
    return msgspec.structs.replace(done, written=True, node=written.node, warnings=written.warnings)


def _found(cli: Cli, file: Path | None, env: bool) -> Found:
    usual = Path(cli.environment.get("HOME", "/")) / USUAL
    file = file or (usual if usual.is_file() and not env else None)
    if not file and not env:
        raise Usage(NOTHING)
    found = from_file(file) if file else Found()
    if env:
        found.update(from_environment(cli.environment))
    return found


def _now(cli: Cli, key: str) -> Any:
    return SETTINGS[key].kind.write(value_of(cli.loaded.config, key))


def _shown(value: object) -> str:
    return safe(literal(value) or "(empty)")


def table(done: Imported) -> RenderableType:
    lines = [f"{c.key}: {_shown(c.now)} -> {_shown(c.new)}  ({c.source})" for c in done.changes]
    lines += [f"refused: {safe(name)}: {safe(why)}" for name, why in done.refused.items()]
    lines += [f"left out: {safe(name)}: {safe(why)}" for name, why in done.left_out.items()]
    lines += [f"warning: {warning}" for warning in done.warnings]
    if done.written:
        lines.append(f"written to {done.path}; node: {done.node}")
    elif done.changes:
        lines.append(f"nothing was written; --write changes {done.path}")
    else:
        lines.append("nothing is to be changed")
    return Text("\n".join(lines))


def code(done: Imported) -> int:
    return PROBLEM if done.refused or (done.written and not taken_over(done.node)) else DONE


VERB = Verb("import", run, table, code, writes=True)
