"""`aggregator notify`: whom the node notifies, and whether that works."""

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from node.cli.tables import fields, safe
from node.cli.verb import DONE, PROBLEM, Cli, Problem, Verb
from node.control.state import Notified

NOBODY = "nobody: set notify.command or notify.webhook"


def run(
    cli: Cli, test: Annotated[bool, typer.Option("--test", help="Send one that says that it is a test.")] = False
) -> Notified:
    """Show whom the node notifies; with --test notify them now. Exit code 1: the last one did not arrive."""
    if not test:
        return cli.node.notified()
    state = cli.node.notify()
    if not state.targets:
        raise Problem(state.trouble or NOBODY)
    return state


def table(state: Notified) -> RenderableType:
    numbers = fields(
        [
            ("Notified", state.targets or NOBODY),
            ("Of", state.events),
            ("Sent", state.sent),
            ("Failed", state.failed),
            ("Waiting, dropped", f"{state.waiting:,}, {state.dropped:,}"),
        ]
    )
    last = [Text(f"{each.target}: {safe(each.trouble) if each.trouble else 'arrived'}") for each in state.last]
    return Group(numbers, *last, *([Text(f"webhook: {safe(state.trouble)}")] if state.trouble else []))


def code(state: Notified) -> int:
    return PROBLEM if state.trouble or any(each.trouble for each in state.last) else DONE


VERB = Verb("notify", run, table, code=code)
