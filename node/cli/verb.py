"""A verb: a function that returns a frozen value, and how that value is shown to a person.

One wrapper runs every verb: it shows the value as a table, as JSON with `--json`, again and again with `--watch`, and
turns what can go wrong into a line on standard error and an exit code:

    0 done   1 found a problem   2 wrong usage   3 the node is not reachable
"""

import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import typer
from rich.console import Console, RenderableType

from node.cli.owner import become_owner
from node.config import ConfigError, Loaded, Places, load, places
from node.control.client import Client, Refused, Unreachable

DONE, PROBLEM, USAGE, UNREACHABLE = range(4)
WATCH_SECONDS = 2.0
PIPE_COLUMNS = 200  # width where there is no terminal: a row stays on one line


class Problem(Exception):
    """Something is not in order; the text says what and what to do."""


class Usage(Exception):
    """The command was given wrongly; the text says what was expected."""


@dataclass(frozen=True)
class Cli:
    """What every verb is given: where the configuration and the node are."""

    config_path: Path | None = None
    socket: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    writing: bool = False  # the named file need not be there yet

    @cached_property
    def loaded(self) -> Loaded:
        """Raises `ConfigError`."""
        new = self.writing and self.config_path and not self.config_path.exists()
        return load(Path(os.devnull) if new else self.config_path, self.environment)

    @cached_property
    def places(self) -> Places:
        return places(self.loaded.config, self.environment)

    @cached_property
    def node(self) -> Client:
        return Client(self.socket or self.places.control)


@dataclass(frozen=True)
class Verb:
    """`run` takes a `Cli` and what typer reads from its signature. Its docstring is the help."""

    name: str
    run: Callable[..., Any]
    table: Callable[[Any], RenderableType] = lambda _value: ""
    code: Callable[[Any], int] = lambda _value: DONE
    watch: bool = False  # reading may be repeated
    writes: bool = False  # the configuration
    keeps: bool = False  # something in the state directory; root does that as who owns it
    raw: bool = False  # takes over: prints itself, and returns the exit code


def command(verb: Verb) -> Callable[..., None]:
    """The function that typer calls for `verb`."""
    signature = inspect.signature(verb.run, eval_str=True)
    own = list(signature.parameters.values())[1:]

    def run(**given: Any) -> None:
        context: typer.Context = given.pop("typer_context")
        as_json, watch = given.pop("as_json", False), given.pop("watch", False)
        cli = _placed(context.obj, given.pop("config_file"), given.pop("control_socket"))
        raise typer.Exit(execute(verb, cli, given, as_json, watch))

    added = [*PLACES] if verb.raw else [_option("as_json", bool, "--json", "Print JSON.", False), *PLACES]
    if verb.watch:
        added.append(_option("watch", bool, "--watch", f"Show it anew every {WATCH_SECONDS:.0f} s.", False))
    context = inspect.Parameter("typer_context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [context, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *added]
    run.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]  # what typer reads
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    run.__doc__ = verb.run.__doc__
    return run


def _placed(cli: Cli, config: Path | None, socket: Path | None) -> Cli:
    """`--config` and `--socket` may stand before the verb or behind it; the latter wins."""
    return replace(cli, config_path=config or cli.config_path, socket=socket or cli.socket)


def execute(verb: Verb, cli: Cli, given: Mapping[str, Any], as_json: bool = False, watch: bool = False) -> int:
    """Run a verb and show what it returns. Returns the exit code."""
    cli = replace(cli, writing=verb.writes)
    try:
        if verb.keeps:
            become_owner(cli.places.directory)
        while True:
            value = verb.run(cli, **given)
            if verb.raw:
                return value
            if isinstance(value, Iterator):
                lines = cast("Iterator[Any]", value)
                return max((show_line(verb, each, as_json) for each in lines), default=DONE)
            show(verb, value, as_json, clear=watch and sys.stdout.isatty())
            note(cli)
            if not watch:
                return verb.code(value)
            time.sleep(WATCH_SECONDS)
    except Unreachable as error:
        return complain(error, UNREACHABLE)
    except Usage as error:
        return complain(error, USAGE)
    except (Problem, Refused, ConfigError) as error:
        return complain(error, PROBLEM)
    except BrokenPipeError:  # `| head`: nobody reads on, which is no problem
        leave_output()
        return DONE
    except KeyboardInterrupt:
        return DONE if watch else 130
    except OSError as error:  # a directory that may not be written, a full disk: no verb knows a way around that
        leave_output()
        place = f"{error.filename}: " if error.filename else ""
        return complain(Problem(f"{place}{error.strerror or error}: check owner, mode and space there"), PROBLEM)


def leave_output() -> None:
    """What standard output still holds cannot be written either: Python would complain of it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show(verb: Verb, value: Any, as_json: bool, clear: bool = False) -> None:
    """On standard output."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(value)).decode(), flush=True)
        return
    console = Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS, markup=False, highlight=False, emoji=False)
    if clear:
        console.clear()
    console.print(verb.table(value))
    sys.stdout.flush()


def show_line(verb: Verb, value: Any, as_json: bool) -> int:
    """One of many values: JSON on one line, at once. Returns the exit code of this one."""
    if as_json:
        print(msgspec.json.encode(value).decode(), flush=True)
    else:
        show(verb, value, as_json)
    return verb.code(value)


def note(cli: Cli) -> None:
    """On standard error: where the answer of the node is from, if not from itself."""
    for line in cli.node.notes if "node" in vars(cli) else ():
        print(line, file=sys.stderr)


def complain(error: Exception, code: int) -> int:
    print(f"aggregator: {error}", file=sys.stderr)
    return code


def _option(name: str, kind: Any, flag: str, text: str, default: object) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(flag, help=text)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


PLACES = (
    _option("config_file", Path | None, "--config", "The configuration file.", None),
    _option("control_socket", Path | None, "--socket", "The node's control socket.", None),
)
