"""The story on the screen: live on a terminal, a line for each step elsewhere. Both on standard error.

Standard output stays free for what came of it, so that `aggregator demo --json | jq` works and still shows something.
"""

import sys
import time
from collections.abc import Callable

import msgspec
from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

PER_SECOND = 8  # pictures of a live screen


class StepRow(msgspec.Struct, frozen=True):
    """One step of the story that is over."""

    name: str
    told: str
    seconds: float
    ok: bool = True


class Progress:
    """As a context manager it holds the screen."""

    def __init__(self) -> None:
        self.done: list[StepRow] = []
        self.began = time.monotonic()
        self._now = ""
        self._since = 0.0
        console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._console = console
        self._live = Live(get_renderable=self._picture, console=console, refresh_per_second=PER_SECOND, transient=False)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live.is_started:
            self._live.stop()

    def step(self, name: str, work: Callable[[], str]) -> None:
        """Do `work` and tell what it says of itself. What it raises passes through."""
        self._now, self._since = name, time.monotonic()
        told, ok = "", False
        try:
            told, ok = work(), True
        except Exception as error:
            told = str(error).partition("\n")[0]
            raise
        finally:
            self._now = ""
            self._over(StepRow(name, told, round(time.monotonic() - self._since, 1), ok))

    def _over(self, row: StepRow) -> None:
        self.done.append(row)
        if not self._live.is_started:
            mark = "ok" if row.ok else "!!"
            print(f"{row.seconds:5.1f} s  {mark}  {row.name}: {row.told}".rstrip(": "), file=sys.stderr, flush=True)

    def _picture(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True, style="dim")
        table.add_column(style="dim")
        for row in self.done:
            mark = Text("✓", style="green") if row.ok else Text("✗", style="bold red")
            table.add_row(mark, Text(row.name), f"{row.seconds:.1f} s", Text(row.told))
        if self._now:
            spinner = Spinner("dots", style="cyan")
            table.add_row(spinner, Text(self._now, style="bold"), f"{time.monotonic() - self._since:.1f} s", "")
        return table
