"""`aggregator leader`: who files for which repository, and why."""

from rich.console import Group, RenderableType
from rich.text import Text

from node.cli.tables import rows, safe, why
from node.cli.verb import Cli, Verb
from node.control.peers import Leading

STATES = {
    "away": "has not been heard for a while",
    "left": "said that it leaves",
    "unknown": "has not been heard since this node started",
}


def run(cli: Cli) -> list[Leading]:
    """Explain who files for which repository: candidates, ranks, waits, and why the others are none."""
    return cli.node.leader()


def table(found: list[Leading]) -> RenderableType:
    if not found:
        return Text("No repository is configured: aggregator enable --github-repo owner/repository")
    shown: list[RenderableType] = []
    for each in found:
        who = (
            f"{safe(each.repository)}: {safe(each.leader)} files" if each.leader else f"{each.repository}: nobody files"
        )
        lines = ((r.peer, r.rank, f"{r.wait:g} s" if r.rank is not None else "", told(r.reason)) for r in each.runners)
        shown += [Text(who, style="bold"), rows(("NODE", "RANK", "WAITS", "WHY NOT"), lines, "no node is known")]
        if each.reason:
            shown.append(Text(f"This node does not: {told(each.reason)}.\n"))
    return Group(*shown)


def told(reason: str) -> str:
    return STATES.get(reason) or why(reason)


VERB = Verb("leader", run, table, watch=True)
