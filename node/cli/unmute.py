"""`aggregator unmute`: let a muted error be filed again."""

from node.cli.decide import table
from node.cli.show import Name
from node.cli.verb import Cli, Verb
from node.control.changes import Decision
from node.control.done import Ruled


def run(cli: Cli, name: Name) -> Ruled:
    """Let a muted error be filed again."""
    return cli.node.decide(Decision(action="unmute", subject=name))


VERB = Verb("unmute", run, table)
