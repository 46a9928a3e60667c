"""`aggregator errors`: every error of the lookback, the worst first."""

from typing import Annotated

import typer
from rich.console import RenderableType

from aggregator import limits
from node.cli.tables import rows, why
from node.cli.verb import Cli, Usage, Verb
from node.control.rows import ErrorRow

STATES = ("new", "due", "waiting", "filed", "muted", "refused")


def run(
    cli: Cli,
    state: Annotated[str, typer.Option(help=f"Only those that are {', '.join(STATES)}.")] = "",
    service: Annotated[str, typer.Option(help="Only those of this service.")] = "",
    severity: Annotated[str, typer.Option(help=f"Only this severity: {', '.join(limits.SEVERITIES)}.")] = "",
    limit: Annotated[int, typer.Option(help="At most this many.", min=1)] = 1_000_000,
) -> list[ErrorRow]:
    """List every error of the lookback, the worst first."""
    if state and state not in STATES:
        raise Usage(f"--state {state}: expected one of {', '.join(STATES)}")
    if severity and severity not in limits.SEVERITIES:
        raise Usage(f"--severity {severity}: expected one of {', '.join(limits.SEVERITIES)}")
    found = [
        row
        for row in cli.node.errors()
        if (not state or row.state == state)
        and (not service or service in row.services)
        and (not severity or row.severity == severity)
    ]
    return found[:limit]


def table(found: list[ErrorRow]) -> RenderableType:
    columns = ("SIGNATURE", "SEVERITY", "COUNT", "NODES", "LAST SEEN", "STATE", "WHY", "TITLE")
    lines = (
        (
            row.signature[:11],
            row.severity,
            row.count,
            len(row.nodes),
            row.last_seen,
            row.state,
            f"{row.issue.repository}#{row.issue.number}" if row.issue else why(row.reason),
            row.title,
        )
        for row in found
    )
    return rows(columns, lines, "No errors.")


VERB = Verb("errors", run, table, watch=True)
