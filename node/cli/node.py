"""`aggregator node`: the daemon in the foreground."""

import contextlib

from node.cli.owner import become_owner
from node.cli.verb import Cli, Verb
from node.config import ConfigError


def run(cli: Cli) -> int:
    """Run the node in the foreground until SIGTERM or Ctrl-C."""
    from node import __main__ as foreground  # all of the daemon: no other verb waits for it

    with contextlib.suppress(ConfigError):  # the node says it itself, with a status of its own
        become_owner(cli.places.directory)
    return foreground.main(["--config", str(cli.config_path)] if cli.config_path else [])


VERB = Verb("node", run, raw=True)
