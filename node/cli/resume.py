"""`aggregator resume`: go on after `pause`."""

from node.cli.settings import Changed, change, code, table
from node.cli.verb import Cli, Verb


def run(cli: Cli) -> Changed:
    """Go on after `pause`, with what was switched on before."""
    return change(cli, {"filing.paused": False})


VERB = Verb("resume", run, table, code, writes=True)
