"""`aggregator explain`: why an error has its name, and why it is filed or not."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from aggregator.record import BadRecord, ErrorRecord
from aggregator.redact import redact_text
from aggregator.severity import severity_of
from aggregator.signature import explain
from node.cli.records import records
from node.cli.tables import fields, safe, why
from node.cli.verb import DONE, PROBLEM, Cli, Verb
from node.control.rows import ErrorRow


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """How a record came to its name. `decision` only where a node was asked."""

    signature: str = ""
    root: str = ""
    kin: str = ""
    title: str = ""
    severity: str = ""
    steps: list[tuple[str, str]] = []  # (name, text)
    decision: list[ErrorRow] = []
    error: str = ""  # why a line is no record


def run(
    cli: Cli,
    name: Annotated[str, typer.Argument(help="A signature; without it: records as JSON lines on standard input.")] = "",
) -> Explained | Iterator[Explained]:
    """Explain why an error has its name, and why it is filed or not.

    Without a name it reads records as JSON lines from standard input, needs no node, and explains one a line.
    """
    if not name:
        return map(explained, records())
    detail = cli.node.show(name)
    samples = [msgspec.convert(plain, ErrorRecord) for plain in detail.records]
    made = explained(samples[0]) if samples else Explained(signature=detail.errors[0].signature, root=detail.root)
    return msgspec.structs.replace(made, decision=detail.errors)


def explained(record: ErrorRecord | BadRecord) -> Explained:
    """Every step from a record to its name."""
    if isinstance(record, BadRecord):
        return Explained(error=redact_text(str(record)))
    steps, signed = explain(record)
    return Explained(
        signature=signed.name,
        root=signed.root,
        kin=signed.kin,
        title=signed.title,
        severity=severity_of(record),
        steps=[(step.name, step.text) for step in steps],
    )


def table(made: Explained) -> RenderableType:
    if made.error:
        return Text(made.error)
    parts: list[RenderableType] = [fields(made.steps), fields([("severity", made.severity)])]
    parts += [_decision(row) for row in made.decision]
    return Group(*parts, Text())


def _decision(row: ErrorRow) -> RenderableType:
    text = f"{row.state}: {why(row.reason)} ({row.count:,} of {row.threshold:,} within the lookback)"
    where = f", {row.issue.url}" if row.issue else ""
    return Text(f"{row.signature}  {safe(text)}{safe(where) if where else ''}")


VERB = Verb("explain", run, table, code=lambda made: PROBLEM if made.error else DONE)
