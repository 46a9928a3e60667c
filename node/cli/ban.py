"""`aggregator ban`: shut a node, or everyone whom an invitation let in, out of the fleet."""

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from node.cli.verb import Cli, Verb
from node.control.done import Banned
from node.control.roll import Ban


def run(
    cli: Cli,
    name: Annotated[str, typer.Argument(help="A peer, by its id or its end; or an invitation, by its beginning.")],
    lift: Annotated[bool, typer.Option("--lift", help="End the ban.")] = False,
) -> Banned:
    """Shut out a node, or everyone whom an invitation let in: what they count from now on does not count."""
    return cli.node.ban(Ban(subject=name, lift=lift))


def table(banned: Banned) -> RenderableType:
    what = f"banned since {banned.since}" if banned.since else "no longer banned"
    lines = [f"{banned.subject}: {what} (the fleet will know within seconds)"]
    lines += [f"concerns {peer}" for peer in banned.members]
    if banned.since:
        lines.append(
            "It still knows the network key, which lets it knock but not speak: aggregator rotate-key takes it away"
        )
    return Text("\n".join(lines))


VERB = Verb("ban", run, table)
