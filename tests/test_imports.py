"""Who may import whom. The rules that keep deciding apart from doing, and each library in its folder."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Where the parts are put together. Nobody else imports a stage.
WIRING = {
    "node/__main__.py", "node/access.py", "node/checkup.py", "node/daemon.py", "node/links.py", "node/mesh.py",
    "node/outward.py", "node/measure.py", "node/view.py", "node/voice.py", "node/cli", "node/demo",
}  # fmt: skip
# What a stage may build on besides `aggregator`: state, settings and small tools, which import no stage themselves.
GROUND = {
    "node.activation", "node.addresses", "node.asked", "node.book", "node.clock", "node.config", "node.control.done",
    "node.control.peers", "node.control.rows", "node.control.state", "node.control.view", "node.fleet", "node.identity",
    "node.logs", "node.markerkey", "node.policy", "node.sockets", "node.store", "node.turn",
}  # fmt: skip
# The domain reads no clock, draws nothing, opens nothing.
PURE = {
    "__future__", "aggregator", "base64", "binascii", "collections", "dataclasses", "datetime", "enum", "functools",
    "hashlib", "heapq", "hmac", "itertools", "json", "math", "msgspec", "re", "types", "typing", "urllib.parse",
}  # fmt: skip
CLIENT = {"aggregator/client", "aggregator/__init__.py"}
OWNERS = {
    "libp2p": "node/network",
    "multiaddr": "node/network",
    "github": "node/github",
    "sqlite3": "node/store",
}


def modules(path: Path) -> set[str]:
    """What a file imports, at any depth; the names in `from package import name` count as the package."""
    out: set[str] = set()
    for found in running(ast.parse(path.read_text())):
        if isinstance(found, ast.Import):
            out |= {alias.name for alias in found.names}
        elif isinstance(found, ast.ImportFrom) and found.module:
            submodules = {f"{found.module}.{alias.name}" for alias in found.names}
            out |= {name for name in submodules if (ROOT / Path(*name.split("."))).with_suffix(".py").exists()}
            out.add(found.module)
    return out


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node of the tree but what only the type checker reads."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from running(child)


def files(*folders: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def within(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith((place + ".", place + "/")) for place in places)


@pytest.mark.parametrize("name", [f for f in files("aggregator") if not within(f, CLIENT)])
def test_the_domain_is_pure(name: str) -> None:
    foreign = {m for m in modules(ROOT / name) if not within(m, PURE)}
    assert not foreign


@pytest.mark.parametrize("name", [f for f in files("aggregator") if within(f, CLIENT)])
def test_the_client_needs_only_the_standard_library(name: str) -> None:
    allowed = {"aggregator.client", "aggregator.limits", "aggregator.redact", "msgpack"}
    foreign = {
        m
        for m in modules(ROOT / name)
        if m != "aggregator" and m.split(".")[0] not in sys.stdlib_module_names and not within(m, allowed)
    }
    assert not foreign


@pytest.mark.parametrize("name", [f for f in files("aggregator", "node") if not within(f, {"node/demo"})])
def test_each_library_stays_in_its_folder(name: str) -> None:
    for module in modules(ROOT / name):
        owner = OWNERS.get(module.split(".")[0])
        assert owner is None or name.startswith(owner + "/"), f"{module} belongs to {owner}"


@pytest.mark.parametrize("name", files("aggregator"))
def test_the_domain_never_imports_the_daemon(name: str) -> None:
    assert not {m for m in modules(ROOT / name) if m.split(".")[0] == "node"}


@pytest.mark.parametrize("name", [f for f in files("node") if not within(f, WIRING)])
def test_a_stage_imports_no_other_stage(name: str) -> None:
    own = ".".join(name.removesuffix(".py").split("/")[:2])
    others = {m for m in modules(ROOT / name) if m.startswith("node.") and not within(m, GROUND | {own})}
    assert not others
