"""Refs, commits, trees and blobs as GraphQL shows them."""

from __future__ import annotations

from typing import Any

from node.demo.github.git import commits, trees
from node.demo.github.git.commits import Commit, Person
from node.demo.github.git.store import Ref
from node.demo.github.graphql.connections import connection
from node.demo.github.graphql.loop import Arguments, known, lazy
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import node_id
from node.demo.github.view.checks import BAD, combined_state, latest
from node.demo.github.wire.call import Call

STATES = {"failure": "FAILURE", "pending": "PENDING", "success": "SUCCESS"}


def common(call: Call, repository: Repository, sha: str, kind: str) -> dict[str, Any]:
    url = call.links.page(repository.full_name, "commit", sha)
    prefix = {"Commit": "C", "Tree": "T", "Blob": "B"}[kind]
    identifier = node_id(prefix, repository.id, sha)
    return {"__typename": kind, "id": identifier, "oid": sha, "abbreviatedOid": sha[:7], "commitUrl": url, "url": url}


def person(value: Person) -> dict[str, Any]:
    return {"name": value.name, "email": value.email, "date": value.date()}


def rollup(repository: Repository, sha: str) -> dict[str, Any] | None:
    """Statuses and check runs together; null when nothing was reported."""
    checks = [each for each in repository.check_runs.values() if each.sha == sha]
    statuses = latest(repository, sha)
    if not checks and not statuses:
        return None
    states = {combined_state(statuses)} if statuses else set[str]()
    for each in checks:
        states.add("pending" if each.status != "completed" else "failure" if each.conclusion in BAD else "success")
    worst = next(state for state in ("failure", "pending", "success") if state in states)
    return {"state": STATES[worst]}


def commit(call: Call, repository: Repository, value: Commit) -> dict[str, Any]:
    headline, _, body = value.message.partition("\n")

    async def parents(arguments: Arguments) -> Any:
        found = [await commits.read_commit(repository.git, sha) for sha in value.parents]
        return connection([each for each in found if each], arguments, lambda each: commit(call, repository, each))

    async def tree(_: Arguments) -> Any:
        return await git_object(call, repository, value.tree)

    return {
        **common(call, repository, value.sha, "Commit"),
        "message": value.message,
        "messageHeadline": headline,
        "messageBody": body.strip(),
        "committedDate": value.committer.date(),
        "authoredDate": value.author.date(),
        "author": person(value.author),
        "committer": person(value.committer),
        "parents": lazy(parents),
        "tree": lazy(tree),
        "statusCheckRollup": rollup(repository, value.sha),
    }


async def git_object(call: Call, repository: Repository, sha: str) -> dict[str, Any] | None:
    found = await repository.git.read(sha)
    if found is None:
        return None
    kind, data = found
    if kind == "commit":
        return commit(call, repository, commits.parse_commit(sha, data))
    if kind == "tree":
        return {**common(call, repository, sha, "Tree"), "entries": lazy(lambda _: entries(call, repository, sha))}
    binary = b"\0" in data
    text = None if binary else data.decode(errors="replace")
    return {**common(call, repository, sha, "Blob"), "byteSize": len(data), "isBinary": binary, "text": text}


async def entries(call: Call, repository: Repository, sha: str) -> list[dict[str, Any]]:
    def shown(entry: trees.Entry) -> dict[str, Any]:
        inner = lazy(lambda _: git_object(call, repository, entry.sha or ""))
        name = {"name": entry.path, "path": entry.path, "mode": int(entry.mode, 8), "type": entry.kind}
        return {**name, "oid": entry.sha, "object": inner}

    return [shown(entry) for entry in await trees.list_tree(repository.git, sha)]


async def ref(call: Call, repository: Repository, name: str) -> dict[str, Any] | None:
    """The ref of this full name, or None."""
    found = await repository.git.ref(name)
    return None if found is None else shown_ref(call, repository, found)


def shown_ref(call: Call, repository: Repository, found: Ref) -> dict[str, Any]:
    folder = next((each for each in ("refs/heads/", "refs/tags/") if found.name.startswith(each)), None)
    prefix = folder or found.name.rpartition("/")[0] + "/"
    from node.demo.github.graphql.objects import repository_object  # each shows the other

    return {
        "__typename": "Ref",
        "id": node_id("REF", repository.id, found.name),
        "name": found.name.removeprefix(prefix),
        "prefix": prefix,
        "target": lazy(lambda _: git_object(call, repository, found.sha)),
        "repository": known(lambda: repository_object(call, repository)),
    }
