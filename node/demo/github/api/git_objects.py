"""Blobs, trees and commits. Making an object moves no branch."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from node.demo.github.git import commits, trees
from node.demo.github.git.commits import Person
from node.demo.github.git.store import GitError
from node.demo.github.git.trees import DIRECTORY, MODES, Entry
from node.demo.github.model.users import node_id
from node.demo.github.view import git as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, invalid, malformed, not_found
from node.demo.github.wire.routing import Route

SHA = re.compile(r"[0-9a-f]{40}")


def encoded(text: str, encoding: str) -> bytes:
    """The bytes of a content that arrived as text or as base64."""
    if encoding in ("utf-8", "utf8"):
        return text.encode(errors="replace")
    if encoding != "base64":
        raise invalid("Blob", "encoding", "invalid")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(422, "content is not valid Base64") from error


async def create_blob(call: Call) -> Answer:
    call.need("write", "contents")
    data = encoded(fields.needed(call.fields, "content"), fields.text(call.fields, "encoding") or "utf-8")
    sha = await call.repository.git.write("blob", data)
    return created({"sha": sha, "url": view.git_url(call.links, call.repository, "blob", sha)})


async def read_kind(call: Call, kind: str) -> bytes:
    sha = call.params["sha"]
    found = await call.repository.git.read(sha) if SHA.fullmatch(sha) else None
    if found is None or found[0] != kind:
        raise not_found()
    return found[1]


async def read_blob(call: Call) -> Answer:
    data, sha = await read_kind(call, "blob"), call.params["sha"]
    url, node = view.git_url(call.links, call.repository, "blob", sha), node_id("B", call.repository.id, sha)
    content = base64.encodebytes(data).decode()
    shown = {"sha": sha, "node_id": node, "size": len(data), "url": url, "content": content, "encoding": "base64"}
    return Answer(200, shown)


async def entry_of(call: Call, item: dict[str, Any]) -> Entry:
    """One entry of a tree to build, from sha or from inline content."""
    path, mode = fields.needed(item, "path"), fields.text(item, "mode") or "100644"
    if mode not in MODES:
        raise Problem(422, "tree.mode must be one of 040000, 100644, 100755, 120000, 160000")
    if not path or path.startswith("/") or path.endswith("/") or "//" in path or "\0" in path:
        raise Problem(422, "tree.path contains a malformed path component")
    if fields.given(item, "sha") and fields.given(item, "content"):
        raise Problem(422, "Must supply either tree.sha or tree.content, not both.")
    content, sha = fields.text(item, "content"), fields.text(item, "sha")
    if content is not None:
        return Entry(path, mode, await call.repository.git.write("blob", content.encode(errors="replace")))
    if not fields.given(item, "sha"):
        raise Problem(422, "Must supply tree.sha or tree.content")
    kind = MODES[mode]
    if sha is not None and kind != "commit" and await call.repository.git.kind(sha) != kind:
        raise Problem(422, f"tree.sha {sha} is not a valid {kind}")
    return Entry(path, mode, sha)


async def create_tree(call: Call) -> Answer:
    call.need("write", "contents")
    if fields.items(call.fields, "tree") is None:
        raise malformed('"tree" wasn\'t supplied.')
    entries = [await entry_of(call, item) for item in fields.objects(call.fields, "tree")]
    base = fields.text(call.fields, "base_tree")
    if base is not None and (not SHA.fullmatch(base) or await call.repository.git.kind(base) not in ("tree", "commit")):
        raise Problem(422, "base_tree is not a valid tree oid")
    sha = await build(call, base, entries)
    return created(await tree_view(call, sha, False))


async def build(call: Call, base: str | None, entries: list[Entry]) -> str:
    try:
        return await trees.build_tree(call.repository.git, base, entries)
    except trees.NoSuchPath as error:
        raise Problem(422, "GitRPC::BadObjectState", extra={"path": str(error)}) from error
    except GitError as error:
        raise Problem(422, "tree.path contains a malformed path component") from error


async def tree_view(call: Call, sha: str, recursive: bool) -> dict[str, Any]:
    found = await trees.list_tree(call.repository.git, sha, recursive)
    url = view.git_url(call.links, call.repository, "tree", sha)
    return {
        "sha": sha,
        "url": url,
        "tree": [view.entry(call.links, call.repository, each) for each in found],
        "truncated": False,
    }


async def read_tree(call: Call) -> Answer:
    """By tree sha, or by anything that leads to a tree: a commit, a branch."""
    name, git = call.params["sha"], call.repository.git
    sha = name if SHA.fullmatch(name) and await git.kind(name) == "tree" else None
    commit = None if sha else await commits.resolve(git, name)
    if commit is not None:
        found = await trees.find_path(git, commit, "")
        sha = found.sha if found and found.mode == DIRECTORY else None
    if sha is None:
        raise not_found()
    return Answer(200, await tree_view(call, sha, "recursive" in call.query))


def person_of(call: Call, value: Any, default: Person) -> Person:
    """An author or committer as the request names it; what it leaves out comes from `default`."""
    if value is None:
        return default
    data = fields.mapping(value)
    name, email, date = fields.text(data, "name"), fields.text(data, "email"), fields.text(data, "date")
    if not name or not email:
        raise malformed('"name" and "email" weren\'t supplied.')
    when = commits.parse_date(date) if date else (int(call.now), "+0000")
    if when is None:
        raise Problem(422, f"{date} is not a valid date")
    return Person(name, email, *when)


async def create_commit(call: Call) -> Answer:
    call.need("write", "contents")
    body, git = call.fields, call.repository.git
    message, tree = fields.needed(body, "message"), fields.needed(body, "tree")
    parents = fields.texts(body, "parents") or []
    if not SHA.fullmatch(tree) or await git.kind(tree) != "tree":
        raise Problem(422, "Tree SHA does not exist")
    for parent in parents:
        if not SHA.fullmatch(parent) or await git.kind(parent) != "commit":
            raise Problem(422, "Parent SHA does not exist or is not a commit object")
    author = person_of(call, body.get("author"), Person(call.user.login, call.user.email, int(call.now)))
    committer = person_of(call, body.get("committer"), author)
    if "\0" in message:
        raise Problem(422, "message contains a NUL character")
    sha = await commits.write_commit(git, tree, tuple(parents), author, committer, message)
    return created(await commit_view(call, sha))


async def commit_view(call: Call, sha: str) -> dict[str, Any]:
    commit = await commits.read_commit(call.repository.git, sha)
    if commit is None:
        raise not_found()
    return view.git_commit(call.links, call.repository, commit)


async def read_commit(call: Call) -> Answer:
    await read_kind(call, "commit")
    return Answer(200, await commit_view(call, call.params["sha"]))


routes = [
    Route("POST", "/git/blobs", create_blob),
    Route("GET", "/git/blobs/{sha}", read_blob),
    Route("POST", "/git/trees", create_tree),
    Route("GET", "/git/trees/{sha:path}", read_tree),
    Route("POST", "/git/commits", create_commit),
    Route("GET", "/git/commits/{sha}", read_commit),
]
