"""`aggregator config set`: change one setting in the file."""

from typing import Annotated

import typer

from node.cli.config_get import Key
from node.cli.settings import Changed, change, code, table
from node.cli.verb import Cli, Verb


def run(
    cli: Cli, key: Key, value: Annotated[str, typer.Argument(help="Lists as a,b,c; tables as a=1,b=2.")]
) -> Changed:
    """Change one setting in the file, whose comments stay, and let a running node read it again."""
    return change(cli, {key: value})


VERB = Verb("set", run, table, code, writes=True)
