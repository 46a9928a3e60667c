"""`aggregator report`: report an error by hand."""

import socket
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from aggregator import limits
from node.cli.ingest import Reported, report
from node.cli.tables import safe
from node.cli.verb import Cli, Usage, Verb


def run(
    cli: Cli,
    message: Annotated[str, typer.Argument(help="What went wrong; `-` reads it from standard input.")],
    type_: Annotated[str, typer.Option("--type", help="What kind of error.")] = "",
    service: Annotated[str, typer.Option(help="Which program.")] = "",
    release: Annotated[str, typer.Option(help="Which version of it.")] = "",
    severity: Annotated[str, typer.Option(help=f"One of {', '.join(limits.SEVERITIES)}.")] = "",
    fingerprint: Annotated[list[str] | None, typer.Option(help="Groups by this instead of by message.")] = None,
    count: Annotated[int, typer.Option(help="Occurrences it stands for.", min=1, max=limits.COUNT)] = 1,
    context: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, may be repeated.")] = None,
) -> Reported:
    """Report an error by hand."""
    text = sys.stdin.read(limits.MESSAGE_CHARS).strip() if message == "-" else message
    if severity and severity not in limits.SEVERITIES:
        raise Usage(f"--severity {severity}: expected one of {', '.join(limits.SEVERITIES)}")
    record: dict[str, Any] = {
        "message": text,
        "handled": True,
        "count": count,
        "time": time.time(),
        "context": {"host": socket.gethostname()} | _context(context or []),
    }
    given = {"type": type_, "service": service, "release": release, "severity": severity, "fingerprint": fingerprint}
    return report(cli.places.ingest, record | {name: value for name, value in given.items() if value})


def _context(pairs: list[str]) -> dict[str, str]:
    parts = [pair.partition("=") for pair in pairs]
    for name, equals, _ in parts:
        if not (name and equals):
            raise Usage(f"--context {name}: expected NAME=VALUE")
    return {name: value for name, _, value in parts}


def table(reported: Reported) -> RenderableType:
    return Text(safe(f"{reported.signature}: {reported.issue or 'queued'}"))


VERB = Verb("report", run, table)
