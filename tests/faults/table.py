"""What came of all rounds, as a table for people (and for `docs/faults.md`)."""

from collections.abc import Mapping, Sequence

from tests.faults.record import Record
from tests.faults.round import Outcome

HEAD = (
    "fault",
    "rounds",
    "kept",
    "occurrences",
    "issues expected",
    "found",
    "duplicates",
    "counts wrong",
    "lost",
    "mean s",
    "longest s",
)


def row(name: str, records: Sequence[Record]) -> tuple[str, ...]:
    """Of one fault, or of all."""
    whole = sum((each.outcome for each in records), Outcome())
    kept = sum(each.kept for each in records)
    longest = max((each.outcome.seconds for each in records), default=0.0)
    mean = whole.seconds / max(1, len(records))
    numbers = (whole.rounds, kept, whole.occurrences, whole.issues_expected, whole.issues_found)
    wrong = (whole.duplicates, whole.counts_wrong, whole.lost, round(mean), round(longest))
    return (name, *(f"{each:,}" for each in (*numbers, *wrong)))


def table(rows: Mapping[str, Sequence[Record]]) -> str:
    """Markdown, aligned: a row for each name, and one for all."""
    every = [record for records in rows.values() for record in records]
    cells = [HEAD, *(row(name, records) for name, records in rows.items()), row("all", every)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(line, widths) for line in (cells[0], ruler, *cells[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]) + " |"
