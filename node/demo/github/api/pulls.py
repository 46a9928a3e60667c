"""Pull requests: list, open, read, edit, merge. Labels, comments and assignees of one go through /issues/N."""

from __future__ import annotations

from node.demo.github.acts import issues, pulls
from node.demo.github.acts.merge import merge_pull
from node.demo.github.api.listing import SORTS, choice
from node.demo.github.api.lookup import the_pull
from node.demo.github.git import commits
from node.demo.github.git.merge import count_between, files_between, merge_base
from node.demo.github.model.issues import Issue
from node.demo.github.view import git as git_view
from node.demo.github.view import pull as view
from node.demo.github.view.checks import failing
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, invalid, malformed, not_found
from node.demo.github.wire.routing import Route


def from_head(call: Call, issue: Issue) -> bool:
    """The `head` filter works only as owner:branch; without the owner it is ignored."""
    owner, colon, branch = call.query.get("head", "").partition(":")
    if not colon:
        return True
    pull = view.the_pull(issue)
    return owner.lower() == call.repository.owner.login.lower() and pull.head == branch


async def list_pulls(call: Call) -> Answer:
    state = choice(call, "state", "open", ("open", "closed", "all"))
    sort = choice(call, "sort", "created", ("created", "updated", "popularity", "long-running"))
    descending = choice(call, "direction", "desc" if sort == "created" else "asc", ("asc", "desc")) == "desc"
    base = call.query.get("base")
    hidden = call.world.switches.lag("FLT-04", call.path)
    found = [
        issue
        for issue in call.repository.pulls()
        if state in ("all", issue.state)
        and base in (None, "", view.the_pull(issue).base)
        and from_head(call, issue)
        and not (hidden and issue.created_at > call.now - hidden)
    ]
    found.sort(key=SORTS["updated" if sort == "updated" else "created"], reverse=descending)
    return call.many(found, lambda issue: view.pull(call.links, issue))


async def create(call: Call) -> Answer:
    call.need("write", "pull_requests")
    body = call.fields
    title, text = fields.needed(body, "title"), fields.text(body, "body")
    head, base = pulls.own_branch(call.repository, fields.needed(body, "head")), fields.needed(body, "base")
    draft = fields.flag(body, "draft", False)
    issue = await pulls.open_pull(call.world, call.repository, call.user, call.now, title, text, head, base, draft)
    view.the_pull(issue).maintainer_can_modify = fields.flag(body, "maintainer_can_modify", False)
    return created(await full(call, issue))


async def full(call: Call, issue: Issue) -> dict[str, object]:
    pull, git = view.the_pull(issue), call.repository.git
    base = await merge_base(git, pull.base_sha, pull.head_sha) or pull.base_sha
    files = await files_between(git, base, pull.head_sha)
    sizes = {
        "commits": await count_between(git, base, pull.head_sha),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }
    return view.full_pull(call.links, issue, sizes, failing(call.repository, pull.head_sha))


async def read(call: Call) -> Answer:
    """Asking is what starts the computation of `mergeable`; the first answer is null."""
    issue = the_pull(call)
    shown = await full(call, issue)
    pulls.ask_mergeable(call.world, issue)
    return Answer(200, shown)


async def edit(call: Call) -> Answer:
    """`draft` is no field of this call: it is ignored, as GitHub ignores it."""
    issue, body = the_pull(call), call.fields
    call.need("read" if issue.author == call.user else "write", "pull_requests")
    title, text, state = fields.text(body, "title"), fields.text(body, "body"), fields.text(body, "state")
    if title is not None:
        issues.check_title(title)
    issues.check_body("PullRequest", text or "")
    if state not in (None, "open", "closed"):
        raise invalid("PullRequest", "state", "invalid")
    await change_base(call, issue, fields.text(body, "base"))
    if state == "open":
        await pulls.reopen_pull(call.world, issue, call.user, call.now)
    elif state == "closed" and issue.state == "open":
        pulls.close(call.world, issue, call.user, call.now)
    if title is not None or text is not None:
        issues.edit(call.world, issue, call.user, call.now, title, text)
    return Answer(200, await full(call, issue))


async def change_base(call: Call, issue: Issue, base: str | None) -> None:
    pull = view.the_pull(issue)
    if base is None or base == pull.base:
        return
    pull.base_sha = await pulls.branch_sha(call.repository, "base", base)
    pull.base = base
    pull.forget_mergeable()


async def merge(call: Call) -> Answer:
    issue = the_pull(call)
    call.need("write", "contents")
    method = fields.text(call.fields, "merge_method") or "merge"
    if method not in ("merge", "squash", "rebase"):
        raise malformed(f"For 'properties/merge_method', {method} is not one of merge, squash, rebase.")
    title, text = fields.text(call.fields, "commit_title"), fields.text(call.fields, "commit_message")
    message = "\n\n".join(part for part in (title, text) if part) or None
    wanted = fields.text(call.fields, "sha")
    sha = await merge_pull(call.world, issue, call.user, method, message, wanted)
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


async def is_merged(call: Call) -> Answer:
    if view.the_pull(the_pull(call)).merged_at is None:
        raise not_found()
    return Answer(204)


async def list_commits(call: Call) -> Answer:
    pull, git = view.the_pull(the_pull(call)), call.repository.git
    shas = await commits.history(git, "--reverse", pull.head_sha, f"^{pull.base_sha}")
    found = [commit for sha in shas if (commit := await commits.read_commit(git, sha))]
    return call.many(found, lambda commit: git_view.commit(call.links, call.world, call.repository, commit))


async def list_files(call: Call) -> Answer:
    pull, git = view.the_pull(the_pull(call)), call.repository.git
    base = await merge_base(git, pull.base_sha, pull.head_sha) or pull.base_sha
    found = await files_between(git, base, pull.head_sha)
    return call.many(found, lambda file: git_view.changed_file(call.links, call.repository, pull.head_sha, file))


async def of_commit(call: Call) -> Answer:
    """The pull requests whose head has the commit and whose base had not."""
    sha, git = await commits.resolve(call.repository.git, call.params["ref"]), call.repository.git
    if sha is None:
        raise Problem(422, f"No commit found for SHA: {call.params['ref']}")
    found = [
        issue
        for issue in call.repository.pulls()
        if await git.is_ancestor(sha, view.the_pull(issue).head_sha)
        and (view.the_pull(issue).merged_at or not await git.is_ancestor(sha, view.the_pull(issue).base_sha))
    ]
    return call.many(found, lambda issue: view.pull(call.links, issue))


routes = [
    Route("GET", "/commits/{ref:path}/pulls", of_commit),
    Route("GET", "/pulls", list_pulls),
    Route("POST", "/pulls", create),
    Route("GET", "/pulls/{number:int}", read),
    Route("PATCH", "/pulls/{number:int}", edit),
    Route("GET", "/pulls/{number:int}/merge", is_merged),
    Route("PUT", "/pulls/{number:int}/merge", merge),
    Route("GET", "/pulls/{number:int}/commits", list_commits),
    Route("GET", "/pulls/{number:int}/files", list_files),
]
