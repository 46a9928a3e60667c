"""`aggregator preview`: what would be sent out about an error."""

from rich.console import Group, RenderableType
from rich.text import Text

from node.cli.show import Name
from node.cli.tables import fields, safe
from node.cli.verb import Cli, Verb
from node.control.view import Planned


def run(cli: Cli, name: Name) -> Planned:
    """Show the issue about one error as it would be created now."""
    return cli.node.preview(name)


def planned_text(plan: Planned) -> RenderableType:
    head = fields(
        [
            ("Would", f"{plan.action} an issue in {plan.repository or 'no repository: none is configured'}"),
            ("Title", plan.title),
            ("Labels", plan.labels),
        ]
    )
    return Group(head, Text(), Text("\n".join(safe(line) if line else "" for line in plan.body.split("\n"))))


VERB = Verb("preview", run, planned_text)
