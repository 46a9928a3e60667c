"""`aggregator stats`: what the counts add up to."""

from rich.console import Group, RenderableType
from rich.text import Text

from node.cli import errors
from node.cli.tables import fields
from node.cli.verb import Cli, Verb
from node.control.state import Stats


def run(cli: Cli) -> Stats:
    """Show what the counts add up to."""
    return cli.node.stats()


def table(stats: Stats) -> RenderableType:
    counted = fields(
        [
            ("Signatures", stats.signatures),
            ("Roots", stats.roots),
            ("Occurrences", f"{stats.occurrences:,} in the lookback, {stats.total:,} known in all"),
            ("By severity", stats.by_severity),
            ("By service", stats.by_service),
            ("By state", stats.by_state),
            ("Actions", stats.actions),
        ]
    )
    return Group(counted, Text(), errors.table(stats.top))


VERB = Verb("stats", run, table, watch=True)
