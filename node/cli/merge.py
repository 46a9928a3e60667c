"""`aggregator merge`: two errors are one bug."""

from typing import Annotated

import typer

from node.cli.decide import table
from node.cli.show import Name
from node.cli.verb import Cli, Verb
from node.control.changes import Decision
from node.control.done import Ruled

Other = Annotated[str, typer.Argument(help="The other one's signature, or the beginning of it.", metavar="OTHER")]


def run(cli: Cli, name: Name, other: Other) -> Ruled:
    """Say that two errors are one bug: they are counted together; of two issues the higher is closed as duplicate."""
    return cli.node.decide(Decision(action="merge", subject=name, other=other))


VERB = Verb("merge", run, table)
