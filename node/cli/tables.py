"""Values as people read them on a terminal: two shapes, a table of rows and a list of fields.

Titles, services and the like are an error's words, perhaps of another machine: whatever is not printable is replaced,
so that nothing in them moves the cursor or colours the screen.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from rich import box
from rich.table import Table
from rich.text import Text

from aggregator.reason import Reason

SEVERITY_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "dim"}
STATE_STYLES = {"due": "yellow", "waiting": "yellow", "filed": "green", "refused": "red", "muted": "dim", "new": ""}


def safe(value: object) -> str:
    """`value` as text that only shows itself."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return ", ".join(f"{safe(name)}: {safe(each)}" for name, each in items) or "-"
    if isinstance(value, list | tuple):
        return ", ".join(safe(each) for each in cast("Sequence[Any]", value)) or "-"
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return "".join(c if c.isprintable() else "\ufffd" for c in text) or "-"


def literal(value: object) -> str:
    """A setting's value as `config set` takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return ",".join(f"{name}={literal(each)}" for name, each in items)
    if isinstance(value, list | tuple):
        return ",".join(literal(each) for each in cast("Sequence[Any]", value))
    return str(value)


def rows(columns: Sequence[str], lines: Iterable[Sequence[object]], empty: str) -> Table | Text:
    """A table; `empty` is said instead where there is no line. Columns named `SEVERITY` and `STATE` are coloured."""
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for line in lines:
        table.add_row(*(_cell(column, value) for column, value in zip(columns, line, strict=True)))
    return table if table.row_count else Text(empty)


def fields(pairs: Iterable[tuple[str, object]]) -> Table:
    """Names and values, one below the other."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in pairs:
        table.add_row(Text(name, style="bold"), Text(safe(value)))
    return table


def why(reason: str) -> str:
    """The text of a reason by its name."""
    return Reason[reason].value if reason in Reason.__members__ else reason


def _cell(column: str, value: object) -> Text:
    text = safe(value)
    styles = {"SEVERITY": SEVERITY_STYLES, "STATE": STATE_STYLES}.get(column, {})
    return Text(text, style=styles.get(text, ""))
