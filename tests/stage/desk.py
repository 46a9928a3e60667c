"""The command line in this process: verbs run as typed, on real files, without the cost of a process each."""

import contextlib
import io
from pathlib import Path
from typing import Any

from node import fleet
from node.cli.verb import Cli, Verb, execute
from node.fleet import FleetFile
from tests.stage.run_cli import Home, Ran


class Desk(Home):
    """A machine of its own: state, configuration and sockets below one directory."""

    def __init__(self, path: Path, **variables: str) -> None:
        path.mkdir(exist_ok=True)
        super().__init__(path, **variables)

    def do(self, verb: Verb, *, as_json: bool = False, **given: Any) -> Ran:
        """Run a verb with these options, under the names of its parameters."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = execute(verb, Cli(self.config, environment=self.environment()), given, as_json)
        return Ran(code, out.getvalue(), err.getvalue())

    @property
    def fleet(self) -> FleetFile:
        found = fleet.read(self.state / fleet.NAME)
        assert found is not None
        return found
