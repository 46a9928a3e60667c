"""Trees: built in a throw-away index file, which gives git's own rules for paths, modes and nesting."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from node.demo.github.git.store import Store

FILE = "100644"
DIRECTORY = "040000"
MODES = {FILE: "blob", "100755": "blob", "120000": "blob", DIRECTORY: "tree", "160000": "commit"}


@dataclass(frozen=True)
class Entry:
    """One line of a tree; `path` is relative to the root of the listing. A sha of None deletes the path."""

    path: str
    mode: str
    sha: str | None
    size: int | None = None

    @property
    def kind(self) -> str:
        return MODES.get(self.mode, "blob")


class NoSuchPath(Exception):
    """A deletion names a path that the base tree does not have."""


async def build_tree(store: Store, base: str | None, entries: Sequence[Entry]) -> str:
    """The sha of `base` with `entries` put over it. Raises NoSuchPath, or GitError for paths that git refuses."""
    with tempfile.TemporaryDirectory(prefix="index-", dir=store.path) as directory:
        index = str(Path(directory) / "index")
        await store.run("read-tree", base if base else "--empty", index=index)
        files = [entry for entry in entries if entry.sha and entry.kind != "tree"]
        # Deletions first: a path may be deleted where a file of the same set makes it a folder.
        for entry in entries:
            if entry.sha is None:
                await _delete(store, index, entry.path)
            elif entry.kind == "tree":
                await _clear(store, index, entry.path)
                await store.run("read-tree", f"--prefix={entry.path}/", entry.sha, index=index)
        lines = "".join(f"{entry.mode} {entry.sha} 0\t{entry.path}\0" for entry in files)
        await store.run("update-index", "--add", "--replace", "-z", "--index-info", data=lines.encode(), index=index)
        return await store.line("write-tree", index=index)


async def _paths(store: Store, index: str, path: str) -> list[str]:
    """Files of the index at `path` or below it."""
    listed = (await store.run("ls-files", "-z", index=index)).decode(errors="replace").split("\0")
    return [name for name in listed if name == path or name.startswith(f"{path}/")]


async def _delete(store: Store, index: str, path: str) -> None:
    if not await _clear(store, index, path):
        raise NoSuchPath(path)


async def _clear(store: Store, index: str, path: str) -> bool:
    paths = await _paths(store, index, path)
    lines = "".join(f"0 {'0' * 40}\t{name}\0" for name in paths)
    await store.run("update-index", "-z", "--index-info", data=lines.encode(), index=index)
    return bool(paths)


async def list_tree(store: Store, treeish: str, recursive: bool = False) -> list[Entry]:
    """The entries of a tree; with `recursive` also those of the trees below it."""
    flags = ["-r", "-t"] if recursive else []
    output = (await store.run("ls-tree", "-z", "-l", *flags, treeish)).decode(errors="replace")
    return [_parse(line) for line in output.split("\0") if line]


def _parse(line: str) -> Entry:
    head, _, path = line.partition("\t")
    mode, _kind, sha, size = head.split()
    return Entry(path, mode, sha, None if size == "-" else int(size))


async def find_path(store: Store, treeish: str, path: str) -> Entry | None:
    """The entry at `path` below a commit or tree. The root itself is a directory."""
    clean = path.strip("/")
    if not clean:
        return Entry("", DIRECTORY, await store.line("rev-parse", "--verify", f"{treeish}^{{tree}}"))
    # Fails for a path that leads out of the repository.
    code, output, _ = await store.attempt("ls-tree", "-z", "-l", treeish, "--", clean)
    lines = output.decode(errors="replace").split("\0") if code == 0 else []
    return next((_parse(line) for line in lines if line), None)
