"""`aggregator forget`: let go of what is due now; only what occurs from here on counts."""

from node.cli.decide import table
from node.cli.show import Name
from node.cli.verb import Cli, Verb
from node.control.changes import Decision
from node.control.done import Ruled


def run(cli: Cli, name: Name) -> Ruled:
    """Let go of what is due now: only what occurs from here on counts towards filing."""
    return cli.node.decide(Decision(action="forget", subject=name))


VERB = Verb("forget", run, table)
