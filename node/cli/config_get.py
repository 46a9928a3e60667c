"""`aggregator config get`: the effective value of one setting."""

from typing import Annotated

import msgspec
import typer
from rich.console import RenderableType
from rich.text import Text

from node.cli.config_show import Entry, entry
from node.cli.tables import literal
from node.cli.verb import Cli, Usage, Verb
from node.config import ConfigError
from node.config.key import known

Key = Annotated[str, typer.Argument(help="Such as filing.issues, or bundle.services.web.threshold.", metavar="KEY")]


def run(cli: Cli, key: Key) -> Entry:
    """Print the effective value of one setting."""
    try:
        found = known(key)
        whole = entry(cli, found.setting.key)
        return msgspec.structs.replace(whole, key=key, value=found.within(whole.value)) if found.below else whole
    except ConfigError as error:
        raise Usage(str(error)) from None


def table(found: Entry) -> RenderableType:
    return Text(literal(found.value))


VERB = Verb("get", run, table)
