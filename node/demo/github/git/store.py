"""One bare git repository, reached by running git.

Objects are immutable, so what was read once is remembered; refs are read from the repository every time, because a
test may push to it behind our back. Nothing of the user's or the machine's git configuration is looked at."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import trio

CACHED_OBJECTS = 2_000  # beyond that the oldest is forgotten and read again
CACHED_SIZE = 65_536  # bytes; larger objects are read every time
ZERO = "0" * 40


class GitError(Exception):
    """git refused; the text is what it said on standard error."""


@dataclass(frozen=True)
class Ref:
    name: str
    sha: str
    kind: str  # of the object: commit, tag, ...


@dataclass
class Store:
    path: Path
    cache: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])

    def environment(self, **extra: str) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.path),
            "GIT_DIR": str(self.path),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "LC_ALL": "C",
            # `merge-tree` and `commit-tree` want to know who works here; the names end in no object.
            "GIT_AUTHOR_NAME": "stand-in",
            "GIT_AUTHOR_EMAIL": "stand-in@localhost",
            "GIT_COMMITTER_NAME": "stand-in",
            "GIT_COMMITTER_EMAIL": "stand-in@localhost",
            **extra,
        }

    async def attempt(self, *arguments: str, data: bytes = b"", index: str = "") -> tuple[int, bytes, str]:
        """Run git; return exit code, standard output, standard error."""
        extra = {"GIT_INDEX_FILE": index} if index else {}
        done = await trio.run_process(
            ["git", *arguments],
            stdin=data,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env=self.environment(**extra),
        )
        return done.returncode, done.stdout, done.stderr.decode(errors="replace").strip()

    async def run(self, *arguments: str, data: bytes = b"", index: str = "") -> bytes:
        """Run git and return its standard output. Raises GitError when it fails."""
        code, output, complaint = await self.attempt(*arguments, data=data, index=index)
        if code:
            raise GitError(complaint)
        return output

    async def line(self, *arguments: str, data: bytes = b"", index: str = "") -> str:
        return (await self.run(*arguments, data=data, index=index)).decode(errors="replace").strip()

    async def create(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        # git's own environment variable would name the directory twice.
        await trio.run_process(
            ["git", "init", "--quiet", "--bare", str(self.path)],
            stdout=subprocess.DEVNULL,
            env={name: value for name, value in self.environment().items() if name != "GIT_DIR"},
        )
        await self.run("config", "core.logAllRefUpdates", "false")
        await self.run("config", "gc.auto", "0")

    async def write(self, kind: str, data: bytes) -> str:
        """Store an object (blob, commit, tag) and return its sha. Raises GitError when it is not well-formed."""
        return await self.line("hash-object", "-t", kind, "-w", "--stdin", data=data)

    async def read(self, sha: str) -> tuple[str, bytes] | None:
        """Kind and content of an object, or None when there is none of this sha."""
        if sha not in self.cache:
            output = await self.run("cat-file", "--batch", data=f"{sha}\n".encode())
            header, _, rest = output.partition(b"\n")
            words = header.decode().split()
            if len(words) != 3:
                return None
            self._remember(sha, words[1], rest[: int(words[2])])
            return words[1], rest[: int(words[2])]
        return self.cache[sha]

    def _remember(self, sha: str, kind: str, data: bytes) -> None:
        if len(data) > CACHED_SIZE:
            return
        if len(self.cache) >= CACHED_OBJECTS:
            self.cache.pop(next(iter(self.cache)))
        self.cache[sha] = (kind, data)

    async def kind(self, sha: str) -> str | None:
        found = await self.read(sha)
        return found[0] if found else None

    async def refs(self, pattern: str = "refs/") -> list[Ref]:
        """Refs whose full name starts with `pattern`, by name."""
        if "\0" in pattern:
            return []
        folder = pattern.rpartition("/")[0] or "refs"
        output = await self.run("for-each-ref", "--format=%(objectname) %(objecttype) %(refname)", folder)
        found = (line.split(" ", 2) for line in output.decode(errors="replace").splitlines())
        return [Ref(name, sha, kind) for sha, kind, name in found if name.startswith(pattern)]

    async def ref(self, name: str) -> Ref | None:
        """The ref of exactly this full name."""
        return next((ref for ref in await self.refs(name) if ref.name == name), None)

    async def set_head(self, branch: str) -> None:
        await self.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    async def valid_name(self, name: str) -> bool:
        if any(ord(character) < 32 for character in name):
            return False
        code, _, _ = await self.attempt("check-ref-format", name)
        return code == 0

    async def is_ancestor(self, old: str, new: str) -> bool:
        if old == new:
            return True
        code, _, _ = await self.attempt("merge-base", "--is-ancestor", old, new)
        return code == 0
