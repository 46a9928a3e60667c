"""`aggregator refile`: file an error anew whose issue is gone, or that was never to be filed again."""

from node.cli.decide import table
from node.cli.show import Name
from node.cli.verb import Cli, Verb
from node.control.changes import Decision
from node.control.done import Ruled


def run(cli: Cli, name: Name) -> Ruled:
    """File an error anew whose issue was deleted or closed as not planned."""
    return cli.node.decide(Decision(action="refile", subject=name))


VERB = Verb("refile", run, table)
