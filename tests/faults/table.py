"""What came of all rounds, as a table for people (and for `docs/faults.md`)."""

from collections.abc import Iterable, Sequence

from tests.faults.round import Outcome

HEAD = ("fault", "rounds", "occurrences", "issues expected", "found", "duplicates", "counts wrong", "lost", "seconds")


def row(name: str, outcome: Outcome) -> tuple[str, ...]:
    numbers = (outcome.rounds, outcome.occurrences, outcome.issues_expected, outcome.issues_found)
    wrong = (outcome.duplicates, outcome.counts_wrong, outcome.lost, round(outcome.seconds))
    return (name, *(f"{each:,}" for each in (*numbers, *wrong)))


def table(rows: Iterable[tuple[str, Outcome]]) -> str:
    """Markdown, aligned."""
    every = list(rows)
    whole = sum((outcome for _, outcome in every), Outcome())
    cells = [HEAD, *(row(name, outcome) for name, outcome in every), row("all", whole)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(line, widths) for line in (cells[0], ruler, *cells[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]) + " |"
