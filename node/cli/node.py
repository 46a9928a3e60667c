"""`aggregator node`: the daemon in the foreground."""

from node.cli.verb import Cli, Verb


def run(cli: Cli) -> int:
    """Run the node in the foreground until SIGTERM or Ctrl-C."""
    from node import __main__ as foreground  # all of the daemon: no other verb waits for it

    return foreground.main(["--config", str(cli.config_path)] if cli.config_path else [])


VERB = Verb("node", run, raw=True)
