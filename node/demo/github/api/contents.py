"""Files of a branch: read, and written one at a time with the sha of what they replace."""

from __future__ import annotations

import base64
from typing import Any

from node.demo.github.acts import refs
from node.demo.github.api.git_objects import build, encoded, person_of
from node.demo.github.git import commits, trees
from node.demo.github.git.commits import Person
from node.demo.github.git.refs import Change
from node.demo.github.git.trees import FILE, Entry
from node.demo.github.view import git as git_view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, not_found
from node.demo.github.wire.routing import Route


def shown(call: Call, entry: Entry, path: str, ref: str) -> dict[str, Any]:
    repository = call.repository
    own = f"{call.links.repository(repository.full_name)}/contents/{path}?ref={ref}"
    git = git_view.git_url(call.links, repository, entry.kind, entry.sha or "")
    folder = entry.kind == "tree"
    page = call.links.page(repository.full_name, "tree" if folder else "blob", ref, path)
    raw = None if folder else call.links.page(repository.full_name, "raw", ref, path)
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": own,
        "html_url": page,
        "git_url": git,
        "download_url": raw,
        "type": "dir" if folder else "symlink" if entry.mode == "120000" else "file",
        "_links": {"self": own, "git": git, "html": page},
    }


async def read(call: Call) -> Answer:
    path, ref = call.params.get("path", "").strip("/"), call.query.get("ref") or call.repository.default_branch
    sha = await commits.resolve(call.repository.git, ref)
    if sha is None:
        raise Problem(404, f"No commit found for the ref {ref}")
    entry = await trees.find_path(call.repository.git, sha, path)
    if entry is None:
        raise not_found()
    if entry.kind == "tree":
        listed = await trees.list_tree(call.repository.git, entry.sha or "")
        return Answer(200, [shown(call, each, f"{path}/{each.path}".lstrip("/"), ref) for each in listed])
    found = await call.repository.git.read(entry.sha or "")
    data = found[1] if found else b""
    if ".raw" in call.headers.get("accept", ""):
        return Answer(200, content=data, content_type="application/vnd.github.raw; charset=utf-8")
    return Answer(
        200, {**shown(call, entry, path, ref), "content": base64.encodebytes(data).decode(), "encoding": "base64"}
    )


async def write(call: Call) -> Answer:
    """201 for a new file, 200 for a replaced one; 409 when `sha` is not what is there, also for all but one of
    racing writers."""
    call.need("write", "contents")
    if call.params["path"].startswith(".github/workflows/"):
        call.need("write", "workflows")
    data = encoded(fields.needed(call.fields, "content"), "base64")
    blob = await call.repository.git.write("blob", data)
    return await commit_entry(call, Entry(call.params["path"].strip("/"), FILE, blob))


async def delete(call: Call) -> Answer:
    call.need("write", "contents")
    fields.needed(call.fields, "sha")
    return await commit_entry(call, Entry(call.params["path"].strip("/"), FILE, None))


async def commit_entry(call: Call, wanted: Entry) -> Answer:
    message, branch = fields.needed(call.fields, "message"), fields.text(call.fields, "branch")
    name = f"refs/heads/{branch or call.repository.default_branch}"
    git, path = call.repository.git, wanted.path
    async with call.repository.ref_lock:
        head = await git.ref(name)
        if head is None and not call.repository.empty:
            raise Problem(404, f"Branch {branch} not found")
        current = await trees.find_path(git, head.sha, path) if head else None
        check_sha(path, current, fields.text(call.fields, "sha"), wanted.sha is None)
        tree = await build(call, head.sha if head else None, [wanted])
        own = Person(call.user.login, call.user.email, int(call.now))
        committer = person_of(call, call.fields.get("committer"), own)
        author = person_of(call, call.fields.get("author"), committer)
        sha = await commits.write_commit(git, tree, (head.sha,) if head else (), author, committer, message)
        await refs.apply(
            call.world, call.repository, call.user, call.now, [Change(name, head.sha if head else None, sha)]
        )
        call.repository.empty = False
    commit = await commits.read_commit(git, sha)
    entry = await trees.find_path(git, sha, path)
    content = shown(call, entry, path, name.removeprefix("refs/heads/")) if entry else None
    listed = git_view.git_commit(call.links, call.repository, commit) if commit else None
    return Answer(201 if current is None else 200, {"content": content, "commit": listed})


def check_sha(path: str, current: Entry | None, given: str | None, deleting: bool) -> None:
    if current is None and (deleting or given):
        raise not_found() if deleting else Problem(409, f"{path} does not exist, so it cannot match {given}")
    if current is not None and given is None:
        raise Problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if current is not None and given != current.sha:
        raise Problem(409, f"{path} does not match {given}")


routes = [
    Route("GET", "/contents", read),
    Route("GET", "/contents/{path:path}", read),
    # Also creates the first commit of an empty repository.
    Route("PUT", "/contents/{path:path}", write, when_empty=True),
    Route("DELETE", "/contents/{path:path}", delete),
]
