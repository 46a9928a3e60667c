"""The command line as a real process, with a home of its own."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import trio

ROOT = Path(__file__).parents[2]
Wrap = Callable[[list[str]], list[str]]


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


class Home:
    """State, configuration and sockets below one directory; nothing of the user's own."""

    def __init__(self, path: Path, **variables: str) -> None:
        self.path = path
        self.config = path / "config.toml"
        self.socket = path / "control.sock"
        self.ingest = path / "ingest.sock"
        self.state = path / "state"
        self.variables = variables

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return kept | {
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.path),
            "AGGREGATOR_NODE_DIRECTORY": str(self.state),
            "AGGREGATOR_SOCKET": str(self.ingest),
            **self.variables,
        }

    async def run(self, *arguments: str, given: bytes = b"", wrap: Wrap = list) -> Ran:
        """Run `aggregator ARGUMENTS`, with `given` on standard input. `wrap`: what becomes of the command."""
        return await self.bare("--config", str(self.config), *arguments, given=given, wrap=wrap)

    async def bare(self, *arguments: str, given: bytes = b"", wrap: Wrap = list) -> Ran:
        """The same without a file that is named."""
        command = wrap([sys.executable, "-m", "node.cli", *arguments])
        done = await trio.run_process(
            command, stdin=given, capture_stdout=True, capture_stderr=True, check=False, env=self.environment()
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
