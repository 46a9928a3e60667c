"""`aggregator init`: make this machine the first node of a fleet."""

import socket
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import RenderableType
from rich.text import Text

from node import admission, fleet, identity, markerkey
from node.cli.settings import target
from node.cli.tables import fields
from node.cli.verb import Cli, Problem, Usage, Verb
from node.config.edit import replace
from node.config.kinds import BadValue, duration, write_duration
from node.config.sample import sample
from node.fleet import FleetError, FleetFile
from node.identity import Identity, IdentityError

FILES = (fleet.NODE_KEY, markerkey.NAME, fleet.KEY_NAME, fleet.NAME)
WINDOW = duration(1.0, 86_400.0)


class Made(msgspec.Struct, frozen=True):
    """Where everything is. What was there before was left as it was."""

    node: str  # peer id
    directory: str
    config: str
    made: list[str]  # what is new of it
    fleet: str  # id in hex
    name: str  # of the fleet
    window: float  # seconds


def run(
    cli: Cli,
    window: Annotated[str, typer.Option(help="Length of a window, for the whole fleet and for good.")] = "",
    name: Annotated[str, typer.Option(help="What people call the fleet; default: this machine's name.")] = "",
) -> Made:
    """Make this machine the first node of a fleet: state directory, keys, configuration. What is there stays."""
    length = seconds(window) if window else int(cli.loaded.config.bundle.window)
    directory, config = cli.places.directory, target(cli)
    made: list[str] = []
    make_directory(directory, made)
    new = [str(directory / each) for each in FILES if not (directory / each).exists()]
    node = own_identity(directory)
    try:
        file = fleet.load_fleet(directory, node.peer)
        if file is None:
            file = admission.found(directory, node, (name or socket.gethostname())[:64], length, time.time())
    except FleetError as error:
        raise Problem(str(error)) from None
    if window and file.length != length:
        raise Problem(f"{directory / fleet.NAME}: the fleet's windows last {file.length} s, which cannot be changed")
    made += [each for each in new if Path(each).exists()]
    make_config(config, made)
    return told(node, file, directory, config, made)


def seconds(window: str) -> int:
    try:
        return int(WINDOW.read(window))
    except BadValue:
        raise Usage(f"--window {window}: expected {WINDOW.expected}") from None


def told(node: Identity, file: FleetFile, directory: Path, config: Path, made: list[str]) -> Made:
    return Made(node.peer, str(directory), str(config), made, file.id.hex(), file.name, file.length)


def own_identity(directory: Path) -> Identity:
    """This node's key, made if need be."""
    try:
        return identity.load_or_make(directory / fleet.NODE_KEY)
    except IdentityError as error:
        raise Problem(str(error)) from None


def make_directory(path: Path, made: list[str]) -> None:
    if path.is_dir():
        return
    try:
        path.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Problem(f"{path}: cannot be made ({error.strerror}): choose another with node.directory") from None
    made.append(str(path))


def make_config(config: Path, made: list[str]) -> None:
    if config.exists():
        return
    try:
        replace(config, sample())
    except OSError as error:
        raise Problem(f"{config}: cannot be written ({error.strerror}): choose another with --config") from None
    made.append(str(config))


def table(made: Made) -> RenderableType:
    new = Text("\n".join(f"made {path}" for path in made.made) or "all was there already")
    fleet_text = f"{made.name} ({made.fleet[:8]}), windows of {write_duration(made.window)}"
    told = fields(
        [("Node", made.node), ("Fleet", fleet_text), ("State", made.directory), ("Configuration", made.config)]
    )
    told.add_row(Text("New", style="bold"), new)
    told.add_row(
        Text("Next", style="bold"), Text("aggregator node   (nothing goes to GitHub until `aggregator enable`)")
    )
    told.add_row(Text(), Text("aggregator invite   lets the next machine in"))
    return told


VERB = Verb("init", run, table, writes=True, keeps=True)
