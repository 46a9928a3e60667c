"""Refs, git objects and commits."""

from __future__ import annotations

from typing import Any

from node.demo.github.git.commits import Commit, Person
from node.demo.github.git.merge import FileChange
from node.demo.github.git.store import Ref
from node.demo.github.git.trees import Entry
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import User, node_id
from node.demo.github.model.world import World
from node.demo.github.view import people
from node.demo.github.wire.links import Links

UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def git_url(links: Links, repository: Repository, kind: str, sha: str) -> str:
    return f"{links.repository(repository.full_name)}/git/{kind}s/{sha}"


def ref(links: Links, repository: Repository, value: Ref) -> dict[str, Any]:
    return {
        "ref": value.name,
        "node_id": node_id("REF", repository.id, value.name),
        "url": f"{links.repository(repository.full_name)}/git/{value.name}",
        "object": {"sha": value.sha, "type": value.kind, "url": git_url(links, repository, value.kind, value.sha)},
    }


def person(value: Person) -> dict[str, Any]:
    return {"name": value.name, "email": value.email, "date": value.date()}


def parent(links: Links, repository: Repository, sha: str, rest: bool) -> dict[str, Any]:
    place = (
        f"{links.repository(repository.full_name)}/commits/{sha}" if rest else git_url(links, repository, "commit", sha)
    )
    return {"sha": sha, "url": place, "html_url": links.page(repository.full_name, "commit", sha)}


def inner(links: Links, repository: Repository, value: Commit) -> dict[str, Any]:
    """What the git object itself holds."""
    return {
        "author": person(value.author),
        "committer": person(value.committer),
        "message": value.message,
        "tree": {"sha": value.tree, "url": git_url(links, repository, "tree", value.tree)},
        "verification": UNSIGNED,
    }


def git_commit(links: Links, repository: Repository, value: Commit) -> dict[str, Any]:
    return {
        "sha": value.sha,
        "node_id": node_id("C", repository.id, value.sha),
        "url": git_url(links, repository, "commit", value.sha),
        "html_url": links.page(repository.full_name, "commit", value.sha),
        **inner(links, repository, value),
        "parents": [parent(links, repository, sha, False) for sha in value.parents],
    }


def account(world: World, email: str) -> User | None:
    """The user behind a commit: known by the no-reply address."""
    return next((user for user in world.users.values() if user.email == email), None)


def commit(links: Links, world: World, repository: Repository, value: Commit) -> dict[str, Any]:
    """A commit as the commits endpoints show it: around the git object stands who has it on GitHub."""
    own = f"{links.repository(repository.full_name)}/commits/{value.sha}"
    core = {
        **inner(links, repository, value),
        "url": git_url(links, repository, "commit", value.sha),
        "comment_count": 0,
    }
    return {
        "sha": value.sha,
        "node_id": node_id("C", repository.id, value.sha),
        "commit": core,
        "url": own,
        "html_url": links.page(repository.full_name, "commit", value.sha),
        "comments_url": f"{own}/comments",
        "author": people.maybe_user(links, account(world, value.author.email)),
        "committer": people.maybe_user(links, account(world, value.committer.email)),
        "parents": [parent(links, repository, sha, True) for sha in value.parents],
    }


def entry(links: Links, repository: Repository, value: Entry) -> dict[str, Any]:
    size = {} if value.size is None else {"size": value.size}
    base = {"path": value.path, "mode": value.mode, "type": value.kind, "sha": value.sha}
    return {**base, **size, "url": git_url(links, repository, value.kind, value.sha or "")}


def changed_file(links: Links, repository: Repository, sha: str, value: FileChange) -> dict[str, Any]:
    base = links.repository(repository.full_name)
    previous = {"previous_filename": value.previous} if value.previous else {}
    return {
        "sha": value.sha,
        "filename": value.path,
        "status": value.status,
        "additions": value.additions,
        "deletions": value.deletions,
        "changes": value.additions + value.deletions,
        "blob_url": links.page(repository.full_name, "blob", sha, value.path),
        "raw_url": links.page(repository.full_name, "raw", sha, value.path),
        "contents_url": f"{base}/contents/{value.path}?ref={sha}",
        "patch": value.patch,
        **previous,
    }
