"""`aggregator peers`: every node of the fleet, as this node knows it."""

from rich.console import RenderableType

from node.cli.tables import rows, why
from node.cli.verb import Cli, Verb
from node.control.peers import PeerRow

COLUMNS = ("PEER", "STATE", "LINK", "ADDRESS", "LAST SEEN", "LAG", "VERSION", "FILES FOR", "INVITATION", "REMARK")


def run(cli: Cli) -> list[PeerRow]:
    """List every node of the fleet: whether it is here, is away, or said that it leaves."""
    return cli.node.peers()


def table(found: list[PeerRow]) -> RenderableType:
    lines = (
        (
            row.peer,
            row.state,
            row.link,
            row.address.partition("/p2p/")[0],
            row.last_seen,
            "" if row.lag is None else f"{row.lag:.0f} s",
            row.version,
            ", ".join(row.candidate),
            row.invitation[:8],
            why(row.reason) or ("" if row.settled or row.state != "here" else "is still catching up"),
        )
        for row in found
    )
    return rows(COLUMNS, lines, "No nodes.")


VERB = Verb("peers", run, table, watch=True)
