"""`aggregator config check`: whether file and environment make a configuration."""

import msgspec
from rich.console import RenderableType
from rich.text import Text

from node.cli.verb import DONE, PROBLEM, Cli, Verb
from node.config import ConfigError


class Checked(msgspec.Struct, frozen=True):
    path: str  # empty: there is no file
    problems: list[str]
    warnings: list[str]


def run(cli: Cli) -> Checked:
    """Check file and environment; exit code 1 if something is refused."""
    try:
        loaded = cli.loaded
    except ConfigError as error:
        return Checked(str(cli.config_path or ""), str(error).splitlines(), [])
    return Checked(str(loaded.path or ""), [], list(loaded.warnings))


def table(checked: Checked) -> RenderableType:
    lines = [*checked.problems, *(f"warning: {warning}" for warning in checked.warnings)]
    if not checked.problems:
        lines.append(f"{checked.path or 'no file, only defaults and environment'}: in order")
    return Text("\n".join(lines))


VERB = Verb("check", run, table, code=lambda checked: PROBLEM if checked.problems else DONE)
