"""`aggregator split`: take a merge back."""

from typing import Annotated

import typer

from node.cli.decide import table
from node.cli.show import Name
from node.cli.verb import Cli, Verb
from node.control.changes import Decision
from node.control.done import Ruled

Other = Annotated[str, typer.Argument(help="From which one; without it: from all.", metavar="[OTHER]")]


def run(cli: Cli, name: Name, other: Other = "") -> Ruled:
    """Take a merge back: the two are counted and filed on their own again."""
    return cli.node.decide(Decision(action="split", subject=name, other=other))


VERB = Verb("split", run, table)
