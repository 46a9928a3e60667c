"""`aggregator mute`: do not file an error, for ever or until it gets worse."""

from typing import Annotated

import typer

from node.cli.decide import table
from node.cli.show import Name
from node.cli.verb import Cli, Usage, Verb
from node.control.changes import Decision
from node.control.done import Ruled


def run(
    cli: Cli,
    name: Name,
    until_rate: Annotated[int, typer.Option(help="Only until more than this occur in one window.", min=0)] = 0,
    until_release: Annotated[str, typer.Option(help="Only until it is seen in this release.")] = "",
) -> Ruled:
    """Do not file an error: for ever, until a rate, or until a release."""
    if until_rate and until_release:
        raise Usage("give --until-rate or --until-release, not both")
    until = "rate" if until_rate else "release" if until_release else "forever"
    decision = Decision(action="mute", subject=name, until=until, count=until_rate, release=until_release)
    return cli.node.decide(decision)


VERB = Verb("mute", run, table)
