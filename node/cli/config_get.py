"""`aggregator config get`: the effective value of one setting."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from node.cli.config_show import Entry, entry
from node.cli.tables import literal
from node.cli.verb import Cli, Usage, Verb
from node.config import ConfigError
from node.config.edit import known

Key = Annotated[str, typer.Argument(help="Such as filing.issues.", metavar="KEY")]


def run(cli: Cli, key: Key) -> Entry:
    """Print the effective value of one setting."""
    try:
        known(key)
    except ConfigError as error:
        raise Usage(str(error)) from None
    return entry(cli, key)


def table(found: Entry) -> RenderableType:
    return Text(literal(found.value))


VERB = Verb("get", run, table)
