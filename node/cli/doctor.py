"""`aggregator doctor`: whether this machine is in order, and how to mend what is not."""

import logging
import os
from collections.abc import Iterator
from typing import Annotated

import structlog
import trio
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from node.cli.tables import safe
from node.cli.verb import DONE, PROBLEM, Cli, Verb
from node.clock import SystemClock
from node.config import ConfigError
from node.control.client import OTHER_USER, OTHER_VERSION, SEE_LOG, Forbidden, Refused, Silent, Unreachable
from node.control.state import Finding
from node.doctor import client
from node.doctor.finding import OK, UNKNOWN, ok, problem, unknown
from node.doctor.finding import PROBLEM as WRONG

START = "start it (systemctl start error-aggregator, or aggregator node), or name the socket of one that runs: --socket"
STYLES = {OK: "green", WRONG: "bold red", UNKNOWN: "yellow"}
MARGIN = 10  # characters of the widest state, and a space


def run(
    cli: Cli, offline: Annotated[bool, typer.Option("--offline", help="Do not ask GitHub.")] = False
) -> list[Finding]:
    """Look whether this machine is in order, and say how to mend what is not. Changes nothing.

    The node examines itself where it runs; else what it would find is examined from here. Exit code 1: a problem.
    """
    try:
        loaded = cli.loaded
    except ConfigError as error:
        mend = "correct it: `aggregator config check`"
        return [problem("configuration", line, mend) for line in str(error).splitlines()]
    found = [ok("configuration", str(loaded.path or "no file, only defaults and environment"))]
    found += [problem("configuration", each, "unset it, or correct its name") for each in loaded.warnings]
    try:
        answer = [ok("node", f"answers at {cli.node.socket}"), *cli.node.doctor(offline=offline)]
    except (Unreachable, Refused) as error:
        answer = [away(cli, error), *_resting(cli, offline)]
    return found + answer + list(_client(cli, answer))


def away(cli: Cli, error: Unreachable | Refused) -> Finding:
    """Why the node does not examine itself. Where none was started that is no problem; of one that hangs it is."""
    about = str(cli.node.socket)
    if isinstance(error, Refused):
        return problem("node", f"it runs, and cannot examine itself: {error}", f"{OTHER_VERSION}, or {SEE_LOG}", about)
    if isinstance(error, Forbidden):
        found = "this user may not talk to it, so the rest is what this user would find with a node of its own"
        return unknown("node", found, f"{OTHER_USER}: sudo aggregator doctor", about)
    if isinstance(error, Silent):
        return problem("node", error.found, error.remedy)
    if os.path.exists(cli.node.socket):
        return problem("node", "no node answers there any more: it did not end in order", START, about)
    return unknown("node", "none runs here: the socket is not there", START, about)


def _resting(cli: Cli, offline: bool) -> list[Finding]:
    from node.checkup import resting  # all of the daemon: a node that runs spares the wait for it
    from node.network import hush

    hush()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # findings say it all
    return trio.run(resting, cli.loaded, cli.environment, SystemClock(), offline)


def _client(cli: Cli, answer: list[Finding]) -> Iterator[Finding]:
    running = answer[0].state == OK
    yield client.reporting(cli.environment, cli.places.ingest, running)
    yield client.waiting(cli.environment, [each.about for each in answer if each.check == "spool"] if running else [])


def table(found: list[Finding]) -> RenderableType:
    count = sum(each.state == WRONG for each in found)
    end = f"{count} problem{'s' * (count != 1)} found" if count else "no problem found"
    return Group(*(line for each in found for line in _lines(each)), Text(), Text(end))


def _lines(each: Finding) -> Iterator[Text]:
    about = f" {safe(each.about)}" if each.about else ""
    state = Text(f"{each.state:<{MARGIN}}", style=STYLES[each.state])
    yield state + Text(f"{each.check}{about}: {safe(each.found)}")
    if each.mend:
        yield Text(f"{'':<{MARGIN}}-> {safe(each.mend)}")


VERB = Verb("doctor", run, table, code=lambda found: PROBLEM if any(each.state == WRONG for each in found) else DONE)
