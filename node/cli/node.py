"""`aggregator node`: the daemon in the foreground."""

from node import __main__ as foreground
from node.cli.verb import Cli, Verb


def run(cli: Cli) -> int:
    """Run the node in the foreground until SIGTERM or Ctrl-C."""
    return foreground.main(["--config", str(cli.config_path)] if cli.config_path else [])


VERB = Verb("node", run, raw=True)
