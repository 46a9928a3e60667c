"""`aggregator invite`: a line of text that lets other machines into the fleet."""

import sys
import time
from typing import Annotated

import msgspec
import typer

from aggregator.invitation import ADDRESSES, USES
from aggregator.moment import rfc3339
from aggregator.plural import plural
from node import admission
from node.cli.init import own_identity
from node.cli.reachable import offered
from node.cli.verb import DONE, Cli, Problem, Usage, Verb
from node.config.kinds import BadValue, duration, write_duration
from node.fleet import FleetError

EXPIRES = duration(60.0)


class Invited(msgspec.Struct, frozen=True):
    """The token is shown this once, and kept nowhere."""

    token: str
    fleet: str  # name
    expires: str
    uses: int
    addresses: list[str]


def run(
    cli: Cli,
    expires: Annotated[str, typer.Option(help="How long it lets machines in.")] = "24h",
    uses: Annotated[int, typer.Option(help="How many machines it lets in.", min=1, max=USES)] = 1,
    address: Annotated[list[str], typer.Option(help="Where this node is reached; may be repeated.")] = [],  # noqa: B006
    allow_loopback: Annotated[bool, typer.Option("--allow-loopback", help="For demos on one machine.")] = False,
    in_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Print an invitation: a secret line of text that lets machines into the fleet with `aggregator join`."""
    invited = make(cli, expires, uses, address, allow_loopback)
    # The token alone goes to standard output, unbroken, to be piped: aggregator invite | ssh b aggregator join -
    print(msgspec.json.format(msgspec.json.encode(invited)).decode() if in_json else invited.token, flush=True)
    if not in_json:
        print(_remarks(invited, write_duration(_seconds(expires))), file=sys.stderr)
    return DONE


def make(cli: Cli, expires: str, uses: int, given: list[str], loopback: bool) -> Invited:
    lasts, now = _seconds(expires), time.time()
    directory = cli.places.directory
    try:
        if not directory.is_dir():
            raise FleetError(f"{directory}: is not there: `aggregator init` makes it")
        node = own_identity(directory)
        file = admission.own_fleet(directory, node)
        addresses = offered(cli.loaded.config.network, given, node.peer, loopback)
        others = [each for each in (*cli.loaded.config.network.seeds, *file.seeds) if each not in addresses]
        addresses = [*addresses[: ADDRESSES - min(len(others), 2)], *others][:ADDRESSES]
        token = admission.write_token(directory, file, now + lasts, uses, addresses)
    except FleetError as error:
        raise Problem(str(error)) from None
    return Invited(token, file.name, rfc3339(now + lasts), uses, addresses)


def _remarks(invited: Invited, lasts: str) -> str:
    machines = plural(invited.uses, "machine")
    where = "\n".join(f"  {each}" for each in invited.addresses)
    return (
        f"\nThis is a secret: whoever has it can join the fleet {invited.fleet} and read what its nodes say.\n"
        f"It lets in {machines}, for {lasts} (until {invited.expires}). It is not shown again.\n"
        f"On the other machine:  aggregator join -   (and paste it, then Ctrl-D)\n"
        f"It names these addresses, of which one must be reachable from there:\n{where}"
    )


def _seconds(text: str) -> float:
    try:
        return EXPIRES.read(text)
    except BadValue:
        raise Usage(f"--expires {text}: expected {EXPIRES.expected}") from None


VERB = Verb("invite", run, raw=True, keeps=True)
