"""`aggregator bundle`: run a bundle now, or show what one would write."""

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from node.cli.preview import planned_text
from node.cli.tables import fields, why
from node.cli.verb import Cli, Usage, Verb
from node.control.rows import Summary


def run(
    cli: Cli,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for the next tick.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")] = False,
) -> Summary:
    """Run a bundle now, or show what one would write."""
    if now == dry_run:
        raise Usage("give either --now or --dry-run")
    return cli.node.bundle(dry_run=dry_run)


def table(summary: Summary) -> RenderableType:
    counted = [
        ("At", summary.at),
        ("Unique", summary.unique),
        ("Meeting threshold", summary.meeting_threshold),
        ("Created", summary.created),
        ("Updated", summary.updated),
        ("Waiting", summary.waiting),
        ("Refused", summary.refused),
        ("Existing checked", summary.existing_checked),
        ("Calls to GitHub", summary.calls),
    ]
    if summary.reason:
        counted.append(("Nothing was filed", why(summary.reason)))
    shown: list[RenderableType] = [fields(counted)]
    for plan in summary.planned:
        shown += [Text(), planned_text(plan)]
    return Group(*shown)


VERB = Verb("bundle", run, table)
