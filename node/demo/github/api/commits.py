"""Commits, branches and what lies between two of them."""

from __future__ import annotations

from typing import Any

from node.demo.github.api.ranges import moment
from node.demo.github.api.refs import seen
from node.demo.github.git import commits
from node.demo.github.git.commits import Commit
from node.demo.github.git.merge import count_between, files_between, merge_base
from node.demo.github.git.store import Ref
from node.demo.github.view import git as view
from node.demo.github.wire.answer import Answer
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, not_found
from node.demo.github.wire.routing import Route

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
MAX_COMPARED = 250  # commits that a comparison lists


async def resolved(call: Call, name: str) -> str:
    sha = await commits.resolve(call.repository.git, name)
    if sha is None:
        raise Problem(422, f"No commit found for SHA: {name}")
    return sha


async def loaded(call: Call, shas: list[str]) -> list[Commit]:
    found = [await commits.read_commit(call.repository.git, sha) for sha in shas]
    return [each for each in found if each is not None]


def shown(call: Call, commit: Commit) -> dict[str, Any]:
    return view.commit(call.links, call.world, call.repository, commit)


async def list_commits(call: Call) -> Answer:
    query = call.query
    start = query.get("sha") or call.repository.default_branch
    sha = await commits.resolve(call.repository.git, start)
    if sha is None:
        raise not_found()
    times = [f"--since={int(moment(query['since'])[0])}"] if query.get("since") else []
    times += [f"--until={int(moment(query['until'])[0])}"] if query.get("until") else []
    path = ["--", query["path"]] if query.get("path") else []
    shas = await commits.history(call.repository.git, *times, sha, *path)
    answer = call.many(shas, lambda each: each)
    answer.data = [shown(call, commit) for commit in await loaded(call, answer.data)]
    return answer


async def read_commit(call: Call) -> Answer:
    """A commit with what it changed against its first parent."""
    sha = await resolved(call, call.params["ref"])
    commit = (await loaded(call, [sha]))[0]
    before = commit.parents[0] if commit.parents else EMPTY_TREE
    if not commit.parents:
        await call.repository.git.run("mktree", data=b"")
    files = await files_between(call.repository.git, before, sha)
    added, removed = sum(each.additions for each in files), sum(each.deletions for each in files)
    stats = {"total": added + removed, "additions": added, "deletions": removed}
    listed = [view.changed_file(call.links, call.repository, sha, each) for each in files]
    return Answer(200, {**shown(call, commit), "stats": stats, "files": listed})


async def compare(call: Call) -> Answer:
    base_name, dots, head_name = call.params["spec"].partition("...")
    if not dots:
        raise not_found()
    git = call.repository.git
    ends = [await commits.resolve(git, name.rpartition(":")[2]) for name in (base_name, head_name)]
    base, head = ends
    common = await merge_base(git, base, head) if base and head else None
    if base is None or head is None or common is None:
        raise not_found()
    ahead, behind = await count_between(git, base, head), await count_between(git, head, base)
    words = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind", (False, False): "identical"}
    between = await loaded(call, (await commits.history(git, "--reverse", f"{base}..{head}"))[-MAX_COMPARED:])
    files = await files_between(git, common, head)
    commit_at = {sha: shown(call, (await loaded(call, [sha]))[0]) for sha in (base, common)}
    return Answer(200, {
        "url": f"{call.links.api}{call.path}",
        "html_url": call.links.page(call.repository.full_name, "compare", call.params["spec"]),
        "base_commit": commit_at[base],
        "merge_base_commit": commit_at[common],
        "status": words[(ahead > 0, behind > 0)],
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": [shown(call, each) for each in between],
        "files": [view.changed_file(call.links, call.repository, head, each) for each in files],
    })  # fmt: skip


def short_branch(call: Call, ref: Ref) -> dict[str, Any]:
    url = f"{call.links.repository(call.repository.full_name)}/commits/{ref.sha}"
    return {"name": ref.name.removeprefix("refs/heads/"), "commit": {"sha": ref.sha, "url": url}, "protected": False}


async def list_branches(call: Call) -> Answer:
    return call.many(await seen(call, "refs/heads/"), lambda ref: short_branch(call, ref))


async def read_branch(call: Call) -> Answer:
    name = f"refs/heads/{call.params['branch']}"
    ref = next((each for each in await seen(call, name) if each.name == name), None)
    if ref is None:
        raise Problem(404, "Branch not found")
    commit = (await loaded(call, [ref.sha]))[0]
    own = f"{call.links.repository(call.repository.full_name)}/branches/{call.params['branch']}"
    page = call.links.page(call.repository.full_name, "tree", call.params["branch"])
    protection = {
        "enabled": False,
        "required_status_checks": None,
    }
    extra = {"_links": {"self": own, "html": page}, "protection": protection, "protection_url": f"{own}/protection"}
    return Answer(200, {**short_branch(call, ref), "commit": shown(call, commit), **extra})


routes = [
    Route("GET", "/commits", list_commits),
    Route("GET", "/commits/{ref:path}", read_commit),
    Route("GET", "/compare/{spec:path}", compare),
    Route("GET", "/branches", list_branches),
    Route("GET", "/branches/{branch:path}", read_branch),
]
