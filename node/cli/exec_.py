"""`aggregator exec`: run a command, and report how it ended if it did not end well."""

from typing import Annotated

import typer

from aggregator.client import exec as client_exec
from node.cli.verb import Cli, Verb


def run(
    cli: Cli,
    arguments: Annotated[list[str], typer.Argument(help="The command, after `--`.", metavar="CMD...")],
    service: Annotated[str, typer.Option(help="Reported under this name; default: the command's own.")] = "",
) -> int:
    """Run a command, and report how it ended if it did not end well. Exits with the command's own status."""
    return client_exec.run(arguments, service=service or None)


VERB = Verb("exec", run, raw=True)
