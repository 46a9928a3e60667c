"""`aggregator disable`: write nothing to GitHub; all other settings keep their values."""

from node.cli.settings import Changed, change, code, table
from node.cli.verb import Cli, Verb


def run(cli: Cli) -> Changed:
    """Write nothing to GitHub until `enable`. All other settings keep their values; errors are still counted."""
    return change(cli, {"filing.paused": True})


VERB = Verb("disable", run, table, code, writes=True)
PAUSE = Verb("pause", run, table, code, writes=True)
