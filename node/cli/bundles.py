"""`aggregator bundles`: what is due and not filed, in the order in which it is filed."""

from rich.console import RenderableType

from node.cli.tables import rows, why
from node.cli.verb import Cli, Verb
from node.control.rows import BundleRow


def run(cli: Cli) -> list[BundleRow]:
    """List what is due and not filed, in the order in which it is filed."""
    return cli.node.bundles()


def table(found: list[BundleRow]) -> RenderableType:
    columns = ("ROOT", "SEVERITY", "COUNT", "DUE SINCE", "REPOSITORY", "STATE", "WHY", "TITLE")
    lines = (
        (r.root[:11], r.severity, r.count, r.due_since, r.repository, r.state, why(r.reason), r.title) for r in found
    )
    return rows(columns, lines, "Nothing is due.")


VERB = Verb("bundles", run, table, watch=True)
