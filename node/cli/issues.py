"""`aggregator issues`: every issue that this fleet knows."""

from rich.console import RenderableType

from node.cli.tables import rows
from node.cli.verb import Cli, Verb
from node.control.rows import IssueRow


def run(cli: Cli) -> list[IssueRow]:
    """List every issue that this fleet filed or adopted."""
    return cli.node.issues()


def table(found: list[IssueRow]) -> RenderableType:
    lines = ((row.url, row.count, row.last_seen, row.root[:11], row.title) for row in found)
    return rows(("ISSUE", "COUNT", "LAST SEEN", "ROOT", "TITLE"), lines, "No issues.")


VERB = Verb("issues", run, table, watch=True)
