"""Whether two branches merge, and what lies between two commits."""

from __future__ import annotations

from dataclasses import dataclass

from node.demo.github.git.store import Store


@dataclass(frozen=True)
class FileChange:
    path: str
    status: str  # added, removed, modified, renamed
    additions: int
    deletions: int
    sha: str
    patch: str
    previous: str | None = None


async def merged_tree(store: Store, base: str, head: str) -> str | None:
    """The tree that merging gives, or None when there are conflicts or nothing in common."""
    code, output, _ = await store.attempt("merge-tree", "--write-tree", base, head)
    return output.decode().split("\n", 1)[0] if code == 0 else None


async def merge_base(store: Store, one: str, other: str) -> str | None:
    code, output, _ = await store.attempt("merge-base", one, other)
    return output.decode().strip() if code == 0 else None


async def count_between(store: Store, base: str, head: str) -> int:
    """Commits that `head` has and `base` has not."""
    return int(await store.line("rev-list", "--count", f"{base}..{head}"))


STATUS = {"A": "added", "D": "removed", "M": "modified", "T": "modified", "R": "renamed", "C": "added"}


async def files_between(store: Store, base: str, head: str) -> list[FileChange]:
    raw = (await store.run("diff-tree", "-r", "-M", "-z", "--raw", base, head)).decode(errors="replace")
    numbers = await _numbers(store, base, head)
    found: list[FileChange] = []
    words = iter(raw.split("\0"))
    for word in words:
        if not word.startswith(":"):
            continue
        _, _, _, sha, letter = word.split()
        first = next(words)
        path, previous = (next(words), first) if letter[0] in "RC" else (first, None)
        added, removed = numbers.get(path, (0, 0))
        patch = await _patch(store, base, head, path)
        found.append(FileChange(path, STATUS.get(letter[0], "modified"), added, removed, sha, patch, previous))
    return found


async def _numbers(store: Store, base: str, head: str) -> dict[str, tuple[int, int]]:
    output = (await store.run("diff-tree", "-r", "--no-renames", "-z", "--numstat", base, head)).decode(
        errors="replace"
    )
    rows = (row.split("\t", 2) for row in output.split("\0") if row.count("\t") == 2)
    return {path: (number(added), number(removed)) for added, removed, path in rows}


async def _patch(store: Store, base: str, head: str, path: str) -> str:
    text = (await store.run("diff-tree", "-p", base, head, "--", path)).decode(errors="replace")
    start = text.find("@@")
    return text[start:].rstrip("\n") if start >= 0 else ""


def number(text: str) -> int:
    return int(text) if text.isdigit() else 0  # "-" stands for a binary file
