"""Commits: written byte for byte from their parts, so that the same parts give the same sha, and read back into
them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from node.demo.github.git.store import Store

SIGNATURE = re.compile(r"^(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<at>-?\d+) (?P<zone>[+-]\d{4})$")


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    at: int  # Unix seconds
    zone: str = "+0000"

    def line(self) -> str:
        return f"{clean(self.name)} <{clean(self.email)}> {self.at} {self.zone}"

    def date(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


def clean(text: str) -> str:
    """git allows neither angle brackets nor line breaks in names and addresses."""
    return re.sub(r"[<>\n\r\0]", "", text).strip() or "unknown"


def parse_date(text: str) -> tuple[int, str] | None:
    """Unix seconds and zone of an ISO 8601 time; without a zone it is UTC. None when it is no time."""
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return int(when.timestamp()), when.strftime("%z")[:5]


def commit_text(tree: str, parents: tuple[str, ...], author: Person, committer: Person, message: str) -> bytes:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {author.line()}", f"committer {committer.line()}", "", message]
    return "\n".join(lines).encode(errors="replace")


async def write_commit(
    store: Store, tree: str, parents: tuple[str, ...], author: Person, committer: Person, message: str
) -> str:
    return await store.write("commit", commit_text(tree, parents, author, committer, message))


def parse_person(line: str) -> Person:
    match = SIGNATURE.match(line)
    if match is None:
        return Person(line, "", 0)
    return Person(match["name"], match["email"], int(match["at"]), match["zone"])


def parse_commit(sha: str, data: bytes) -> Commit:
    head, _, message = data.decode(errors="replace").partition("\n\n")
    # Continuation lines (of signatures) start with a space and belong to nothing we read.
    fields = [line.partition(" ") for line in head.split("\n") if not line.startswith(" ")]
    values = {name: value for name, _, value in fields}
    parents = tuple(value for name, _, value in fields if name == "parent")
    author, committer = parse_person(values.get("author", "")), parse_person(values.get("committer", ""))
    return Commit(sha, values.get("tree", ""), parents, author, committer, message)


async def read_commit(store: Store, sha: str) -> Commit | None:
    """The commit of this sha, or None when there is no such object or it is of another kind."""
    found = await store.read(sha)
    return parse_commit(sha, found[1]) if found and found[0] == "commit" else None


async def resolve(store: Store, name: str) -> str | None:
    """The commit that a sha, branch, tag or full ref name means."""
    for candidate in (name, f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}"):
        if candidate.startswith("-") or "\0" in candidate:
            continue
        code, output, _ = await store.attempt("rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")
        if code == 0:
            return output.decode().strip()
    return None


async def history(store: Store, *arguments: str) -> list[str]:
    """Shas of commits as `git rev-list` lists them."""
    return (await store.line("rev-list", *arguments)).split()
