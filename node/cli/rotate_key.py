"""`aggregator rotate-key`: exchange the key of the network, or the key that lets nodes in, while the fleet runs."""

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from aggregator import fleetkey
from aggregator.fleetkey import Keys
from node import admission
from node.cli.init import own_identity
from node.cli.verb import Cli, Problem, Usage, Verb
from node.config.kinds import BadValue, duration
from node.control.client import reach
from node.control.done import Renewed
from node.fleet import KEY_NAME, FleetError, FleetFile, load_fleet_key
from node.identity import Identity, IdentityError, load_or_make

GRACE = duration(0.0)
NEXT, BEFORE = ".next", ".before"  # what the fleet's key is called before it counts and when it no longer does


def run(
    cli: Cli,
    grace: Annotated[str, typer.Option(help="How long nodes that are away now may come back with the old key.")] = "7d",
    fleet: Annotated[
        bool, typer.Option("--fleet", help="Also make a new fleet key, the one that lets nodes in.")
    ] = False,
) -> Renewed:
    """Make a new network key and hand it to every member, without cutting a link."""
    try:
        lasts = GRACE.read(grace)
    except BadValue:
        raise Usage(f"--grace {grace}: expected {GRACE.expected}") from None
    directory = cli.places.directory
    reach(cli.socket or cli.places.control)
    try:
        file = admission.own_fleet(directory, own_identity(directory))
        key = load_fleet_key(directory, file.keys)
        successor = load_or_make(directory / (KEY_NAME + NEXT), "fleet's next key") if fleet else None
        renewed = cli.node.renew(_make(file, key, successor, lasts))
        if successor:
            _replace(directory)
    except (FleetError, IdentityError) as error:
        raise Problem(str(error)) from None
    return renewed


def _make(file: FleetFile, key: Identity, successor: Identity | None, grace: float) -> Keys:
    steps = [fleetkey.succeed(key.public, successor.public, key.sign)] if successor else []
    signer = successor or key
    secret = secrets.token_bytes(32)
    made = fleetkey.renew(file.network_keys[0], secret, time.time(), grace, signer.public, signer.sign)
    return Keys(network=[made], successions=steps)


def _replace(directory: Path) -> None:
    """The next key is the fleet's key from now on; the one before it is kept beside it."""
    path = directory / KEY_NAME
    try:
        path.replace(directory / (KEY_NAME + BEFORE))
        (directory / (KEY_NAME + NEXT)).replace(path)
    except OSError as error:
        raise FleetError(f"{path}: cannot be replaced ({error.strerror}): rename {path}{NEXT} to {path}") from None


def table(renewed: Renewed) -> RenderableType:
    away = [f"  not linked with this node now: {peer}" for peer in renewed.others]
    lines = [
        f"network key {renewed.generation} is in use; those before it open the door until {renewed.until}",
        f"told: {len(renewed.told)} members; they tell the others",
        *away,
        "who is away beyond that time needs a new invitation: aggregator invite, and aggregator join there",
    ]
    return Text("\n".join(lines))


VERB = Verb("rotate-key", run, table, keeps=True)
