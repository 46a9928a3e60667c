"""`aggregator reload`: let the running node read configuration and token again."""

from rich.console import RenderableType
from rich.text import Text

from node.cli.verb import Cli, Verb
from node.control.done import Reloaded


def run(cli: Cli) -> Reloaded:
    """Let the running node read configuration and token again. If they are refused the old ones stay, and it says why.

    The same as SIGHUP to the node.
    """
    return cli.node.reload()


def table(again: Reloaded) -> RenderableType:
    live = [key for key in again.changed if key not in again.restart]
    lines = [f"{key}: taken over" for key in live]
    lines += [f"{key}: takes effect at the node's next start" for key in again.restart]
    if again.exchanged:
        lines.append(f"token: {again.token or 'there is none any more'}")
    return Text("\n".join(lines or ["nothing has changed"]))


VERB = Verb("reload", run, table)
