"""`aggregator init`: make this machine the first node of a fleet."""

from pathlib import Path

import msgspec
from rich.console import RenderableType
from rich.text import Text

from node import identity, markerkey
from node.cli.settings import target
from node.cli.tables import fields
from node.cli.verb import Cli, Problem, Verb
from node.config.edit import replace
from node.config.sample import sample

KEY = "key"


class Made(msgspec.Struct, frozen=True):
    """Where everything is. What was there before was left as it was."""

    node: str  # peer id
    directory: str
    config: str
    made: list[str]  # what is new of it


def run(cli: Cli) -> Made:
    """Make state directory, keys and a commented configuration. What is there already stays as it is."""
    directory, config = cli.places.directory, target(cli)
    made: list[str] = []
    _directory(directory, made)
    for name in (KEY, markerkey.NAME):
        made += [] if (directory / name).exists() else [str(directory / name)]
    try:
        node = identity.load_or_make(directory / KEY)
        markerkey.load_or_make(directory / markerkey.NAME)
    except (identity.IdentityError, markerkey.MarkerKeyError) as error:
        raise Problem(str(error)) from None
    if not config.exists():
        _write(config)
        made.append(str(config))
    return Made(node.peer, str(directory), str(config), made)


def _directory(path: Path, made: list[str]) -> None:
    if path.is_dir():
        return
    try:
        path.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Problem(f"{path}: cannot be made ({error.strerror}): choose another with node.directory") from None
    made.append(str(path))


def _write(config: Path) -> None:
    try:
        replace(config, sample())
    except OSError as error:
        raise Problem(f"{config}: cannot be written ({error.strerror}): choose another with --config") from None


def table(made: Made) -> RenderableType:
    new = Text("\n".join(f"made {path}" for path in made.made) or "all was there already")
    told = fields([("Node", made.node), ("State", made.directory), ("Configuration", made.config)])
    told.add_row(Text("New", style="bold"), new)
    told.add_row(
        Text("Next", style="bold"), Text("aggregator node   (nothing goes to GitHub until `aggregator enable`)")
    )
    return told


VERB = Verb("init", run, table, writes=True)
