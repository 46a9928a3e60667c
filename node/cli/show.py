"""`aggregator show`: all that is known of one error."""

from typing import Annotated

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from aggregator.record import ErrorRecord
from aggregator.trace import trace
from node.cli.tables import fields, safe, why
from node.cli.verb import Cli, Verb
from node.control.rows import Detail, ErrorRow

Name = Annotated[str, typer.Argument(help="Its signature, or the beginning of it.", metavar="SIGNATURE")]


def run(cli: Cli, name: Name) -> Detail:
    """Show all that is known of one error: counts, decision, samples."""
    return cli.node.show(name)


def table(detail: Detail) -> RenderableType:
    parts: list[RenderableType] = [_error(row) for row in detail.errors]
    parts.append(fields([("Joined with", detail.joined), ("Related to", detail.related), ("Mute", detail.mute)]))
    if detail.kept_by:
        parts.append(fields([("Kept by", detail.kept_by)]))
    for number, plain in enumerate(detail.records, 1):
        record = msgspec.convert(plain, ErrorRecord)
        lines = trace(record).splitlines() or [f"{record.type_name}: {record.message}"]
        parts += [Text(), Text(f"Sample {number}", style="bold"), Text("\n".join(safe(line) for line in lines))]
        parts.append(fields(record.context.items()))
    return Group(*parts)


def _error(row: ErrorRow) -> RenderableType:
    return fields(
        [
            ("Signature", row.signature),
            ("Title", row.title),
            ("Severity", row.severity),
            ("Occurrences", f"{row.count:,} in the lookback, {row.total:,} known in all; due from {row.threshold:,}"),
            ("Seen", f"{row.first_seen} to {row.last_seen}"),
            ("Nodes", row.nodes),
            ("Services", row.services),
            ("Releases", row.releases),
            ("State", f"{row.state}: {why(row.reason)}"),
            ("Issue", row.issue.url if row.issue else None),
        ]
    )


VERB = Verb("show", run, table)
