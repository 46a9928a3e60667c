"""`aggregator demo`: real programs crash on three nodes, the one that files is killed; shown is what came of it."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aggregator.plural import plural
from node.cli.tables import SEVERITY_STYLES, safe
from node.cli.verb import DONE, PROBLEM, Cli, Verb
from node.demo.cast import NODES
from node.demo.play import play
from node.demo.played import Kept, Played, Shown
from node.demo.verdict import BugRow

_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)


def run(
    _cli: Cli,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running, to look around.")] = False,
) -> Played:
    """Crash real programs on a fleet of three nodes, kill the one that files, and see: exactly one issue per bug.

    Everything happens in a temporary directory, with a GitHub of its own on loopback; takes about a minute.
    """
    return play(keep=keep)


def table(played: Played) -> RenderableType:
    parts: list[RenderableType] = [Text()]
    if played.issue:
        parts += [_issue(played.issue), Text()]
    parts += [_bugs(played.bugs), _verdict(played)]
    if played.kept:
        parts += [Text(), _kept(played.kept)]
    return Group(*parts)


def _issue(issue: Shown) -> RenderableType:
    """As GitHub would show it."""
    head = Text(f"Issue #{issue.number}: {visible(issue.title)}", style="bold")
    below = Text(", ".join(map(visible, issue.labels)))
    text = _COMMENT.sub("", visible(issue.body))
    return Panel(Markdown(text), title=head, subtitle=below, title_align="left", border_style="dim")


def visible(text: str) -> str:
    """`text` without what moves the cursor, and without the invisible characters that make it inert on GitHub."""
    shown = (c for c in text if unicodedata.category(c) != "Cf")
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in shown)


def _bugs(rows: list[BugRow]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", width=1)
    table.add_column("BUG")  # the one that gives way where the terminal is narrow; its cells are cut, not wrapped
    table.add_column("REPORTED ON", no_wrap=True)
    table.add_column("EACH COUNTS", justify="right", no_wrap=True)  # each node: the same
    table.add_column("ISSUE SAYS", no_wrap=True)
    table.add_column("FILED BY", no_wrap=True)
    for row in rows:
        table.add_row(*_bug(row))
    return table


def _bug(row: BugRow) -> Iterable[Text]:
    wrong = bool(row.problems)
    yield Text("✗", style="bold red") if wrong else Text("✓", style="green")
    yield Text(safe(row.bug), SEVERITY_STYLES.get(row.severity, ""), no_wrap=True, overflow="ellipsis")
    yield Text("all nodes" if len(row.reported_on) == len(NODES) else ", ".join(row.reported_on))
    yield Text(f"{row.counted:,}" if row.counted == row.happened else f"{row.counted:,} of {row.happened:,}")
    yield Text(f"#{row.issue}: {row.issue_says:,}" if row.issue else "none")
    yield Text(row.filed_by)


def _verdict(played: Played) -> Text:
    bugs = sum(row.issue > 0 for row in played.bugs)
    told = (
        f"{sum(row.counted for row in played.bugs):,} errors counted on each of {plural(len(played.nodes), 'node')}, "
        f"{plural(bugs, 'bug')} in {plural(played.issues, 'issue')}, {plural(played.kills, 'time')} kill -9, "
        f"{played.seconds:.0f} s"
    )
    if played.ok:
        return Text(f"All as it should be: {told}.", style="bold green")
    lines = [line for problem in played.problems for line in problem.splitlines()]
    problems = "\n".join(f"  {safe(line)}" for line in lines)
    return Text(f"Not as it should be ({told}):\n{problems}", style="bold red")


def _kept(kept: Kept) -> Text:
    look = "\n".join(f"  {command}" for command in kept.look)
    return Text(f"It runs on in {kept.directory}. To look around:\n{look}\nTo end it:\n  {kept.end}")


def code(played: Played) -> int:
    return DONE if played.ok else PROBLEM


VERB = Verb("demo", run, table, code)
