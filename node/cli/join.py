"""`aggregator join`: make this machine a member of a fleet."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import trio
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from aggregator.invitation import BadToken, Token
from aggregator.member import Member
from node import admission, fleet, markerkey
from node.cli.init import make_config, make_directory, own_identity
from node.cli.reachable import is_node_address
from node.cli.settings import target
from node.cli.tables import fields, rows
from node.cli.verb import Cli, Problem, Usage, Verb
from node.config.kinds import write_duration
from node.control.client import Unreachable, reach
from node.fleet import FleetError
from node.identity import Identity

TEST_SECONDS = 10.0  # for one address; all are tested at once
FILES = (fleet.NODE_KEY, markerkey.NAME, fleet.NAME)


class Tested(msgspec.Struct, frozen=True):
    """One address of the invitation."""

    address: str
    answered: bool
    why: str  # it did not


class Joined(msgspec.Struct, frozen=True):
    node: str  # peer id
    fleet: str  # id in hex
    name: str  # of the fleet
    window: float  # seconds
    directory: str
    config: str
    made: list[str]
    addresses: list[Tested]
    running: bool  # a node is, and must be restarted
    member_before: bool
    let_in_by: str  # peer id; empty: not yet, the first member that it meets when it runs will


def run(
    cli: Cli,
    token: Annotated[str, typer.Argument(help="The invitation, or - to read it from standard input.")],
    untested: Annotated[bool, typer.Option("--untested", help="Join even if no address answers now.")] = False,
) -> Joined:
    """Make this machine a member of a fleet, with an invitation from `aggregator invite`."""
    directory, config = cli.places.directory, target(cli)
    given = sys.stdin.read() if token == "-" else token  # noqa: S105  # no password: says where it is
    read = _read(given)
    made: list[str] = []
    try:
        before = admission.may_join(directory, read, time.time())
        make_directory(directory, made)
        new = [str(directory / each) for each in FILES if not (directory / each).exists()]
        node = own_identity(directory)
        tested = trio.run(_test_all, read, node)
        if not untested:
            _require_one(tested)
        seeds = [each.address for each in sorted(tested, key=lambda each: not each.answered)]
        asking = admission.asking(directory, node, read, time.time())
        member = asking if asking.signature else trio.run(_ask_all, asking, read, node, tested)
        file = admission.join(directory, read, member, seeds, time.time())
    except FleetError as error:
        raise Problem(str(error)) from None
    made += [each for each in new if Path(each).exists()]
    make_config(config, made)
    return Joined(
        node=node.peer,
        fleet=file.id.hex(),
        name=file.name,
        window=file.length,
        directory=str(directory),
        config=str(config),
        made=made,
        addresses=tested,
        running=_is_running(cli),
        member_before=before is not None,
        let_in_by=file.member.voucher,
    )


def _read(text: str) -> Token:
    if not text.strip():
        raise Usage("no invitation was given: aggregator join TOKEN, or aggregator join - and paste it")
    try:
        return admission.read_token(text, is_node_address)
    except BadToken as error:
        raise Problem(str(error)) from None


async def _test_all(token: Token, node: Identity) -> list[Tested]:
    """Every address but this node's own, all at once, in the order of the token."""
    from node.network import hush, test_address  # takes a second to import, which other verbs shall not pay

    why: dict[str, str | None] = {}
    hush()

    async def test(address: str) -> None:
        why[address] = await test_address(address, token.network_key.psk, node.private_bytes(), TEST_SECONDS)

    async with trio.open_nursery() as nursery:
        for address in token.addresses:
            if not address.endswith(node.peer):
                nursery.start_soon(test, address)
    return [Tested(each, why[each] is None, why[each] or "") for each in token.addresses if each in why]


async def _ask_all(asking: Member, token: Token, node: Identity, tested: Sequence[Tested]) -> Member:
    """Let in by one of those that answered. Raises `FleetError` when it is refused."""
    from node.entrance import ask_to_be_let_in
    from node.network import ask_address

    async def ask(address: str, protocol: str, question: bytes) -> bytes:
        psk = token.network_key.psk
        return await ask_address(address, psk, node.private_bytes(), protocol, question, TEST_SECONDS)

    answered = [each.address for each in tested if each.answered]
    return await ask_to_be_let_in(asking, token.length, answered, ask)


def _require_one(tested: Sequence[Tested]) -> None:
    if any(each.answered for each in tested):
        return
    reasons = "".join(f"\n  {each.why}" for each in tested) or "\n  the invitation names no address"
    raise Problem(
        f"no node of the fleet answers, so this one did not join:{reasons}\n"
        "start the node that invited (aggregator node), open its port, or make an invitation with an address that is "
        "reachable from here (aggregator invite --address); --untested joins all the same"
    )


def _is_running(cli: Cli) -> bool:
    try:
        reach(cli.socket or cli.places.control)
    except Unreachable:
        return False
    return True


def table(joined: Joined) -> RenderableType:
    fleet_text = f"{joined.name} ({joined.fleet[:8]}), windows of {write_duration(joined.window)}"
    told = fields(
        [
            ("Node", joined.node),
            ("Member of" if not joined.member_before else "Was a member of", fleet_text),
            ("State", joined.directory),
            ("Configuration", joined.config),
        ]
    )
    tested = rows(
        ("ADDRESS", "ANSWERS", "WHY NOT"),
        ((each.address, each.answered, each.why) for each in joined.addresses),
        "No address was tested.",
    )
    following = "restart the node, which is running" if joined.running else "aggregator node"
    if not joined.let_in_by:
        following += "; the first member that it meets will let it in, while the invitation lasts"
    return Group(told, Text(), tested, Text(f"Next: {following}"))


VERB = Verb("join", run, table, writes=True, keeps=True)
