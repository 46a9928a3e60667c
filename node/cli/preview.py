"""`aggregator preview`: what would be sent out about an error."""

import secrets
import time
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from aggregator import limits, render
from aggregator.bundle import Bundle
from aggregator.due import route_for
from aggregator.filing.settings import Settings
from aggregator.record import BadRecord, ErrorRecord
from aggregator.redact import redact_text, redact_value
from aggregator.severity import severity_of
from aggregator.signature import Signed, sign
from aggregator.tally import Total
from node.cli.records import records
from node.cli.tables import fields, safe
from node.cli.verb import DONE, PROBLEM, Cli, Verb
from node.control.rows import Planned
from node.policy import policy_of, settings_of


class Previewed(msgspec.Struct, frozen=True, kw_only=True):
    """What a record becomes: as it is kept, and as an issue."""

    signature: str = ""
    record: dict[str, Any] = {}  # redacted, as it is kept
    issue: Planned | None = None
    error: str = ""  # why a line is no record


def run(
    cli: Cli,
    name: Annotated[str, typer.Argument(help="A signature; without it: records as JSON lines on standard input.")] = "",
) -> Planned | Iterator[Previewed]:
    """Show the issue about one error as it would be created now.

    Without a name it reads records as JSON lines from standard input, needs no node, and shows what each would become.
    """
    if name:
        return cli.node.preview(name)
    config = cli.loaded.config
    # A key of the moment: the marker shows how it looks, and is none.
    settings = settings_of(config, "preview", "", secrets.token_bytes(32))
    return map(partial(previewed, cli, settings), records())


def previewed(cli: Cli, settings: Settings, record: ErrorRecord | BadRecord) -> Previewed:
    """What one record becomes."""
    if isinstance(record, BadRecord):
        return Previewed(error=redact_text(str(record)))
    now = time.time()
    signed = sign(record)
    made = alone(record, signed, now, cli)
    plan = Planned(
        root=made.root,
        repository=made.repository,
        action="create",
        title=render.title(made, record, settings),
        labels=list(render.labels(made, settings)),
        body=render.body(made, record, settings, now),
    )
    return Previewed(signature=signed.name, record=redact_value(msgspec.to_builtins(record)), issue=plan)


def alone(record: ErrorRecord, signed: Signed, now: float, cli: Cli) -> Bundle:
    """The bundle of one record, as if nothing else had ever been seen."""
    at = min(record.seconds(now), now)
    total = Total(
        count=record.count,
        first=at,
        last=at,
        severity=limits.SEVERITIES.index(severity_of(record)),
        title=signed.title,
        kin=signed.kin,
        nodes=frozenset({"this machine"}),
        services={record.service: record.count} if record.service else {},
        releases={record.release: record.count} if record.release else {},
        samples=(),
    )
    return Bundle(
        root=signed.root,
        roots=frozenset({signed.root}),
        repository=route_for(total, policy_of(cli.loaded.config)),
        generation=0,
        since=now,
        signatures=(signed.name,),
        total=total,
        count_ever=record.count,
    )


def table(made: Planned | Previewed) -> RenderableType:
    if isinstance(made, Planned):
        return planned_text(made)
    return planned_text(made.issue) if made.issue else Text(made.error)


def planned_text(plan: Planned) -> RenderableType:
    head = fields(
        [
            ("Would", f"{plan.action} an issue in {plan.repository or 'no repository: none is configured'}"),
            ("Title", plan.title),
            ("Labels", plan.labels),
        ]
    )
    return Group(head, Text(), Text("\n".join(safe(line) if line else "" for line in plan.body.split("\n"))))


VERB = Verb("preview", run, table, code=lambda made: PROBLEM if getattr(made, "error", "") else DONE)
