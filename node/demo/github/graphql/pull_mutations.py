"""Mutations of pull requests; leaving and entering the draft state exists only here."""

from __future__ import annotations

from typing import Any

from node.demo.github.acts import pulls
from node.demo.github.acts.merge import merge_pull
from node.demo.github.graphql.loop import Arguments
from node.demo.github.graphql.nodes import need, need_issue
from node.demo.github.graphql.objects import actor, pull_object
from node.demo.github.graphql.permission import need_role
from node.demo.github.model.issues import Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.wire.call import Call


def target(call: Call, given: Arguments) -> Issue:
    issue = need_issue(call, given["pullRequestId"], pull=True)
    need_role(call, issue.repository, "write", "pull_requests")
    return issue


def shown(call: Call, issue: Issue) -> dict[str, Any]:
    return {"pullRequest": pull_object(call, issue)}


async def create(call: Call, given: Arguments) -> Any:
    repository: Repository = need(call, given["repositoryId"], Repository)
    need_role(call, repository, "write", "pull_requests")
    head = pulls.own_branch(repository, given["headRefName"]).removeprefix("refs/heads/")
    base = given["baseRefName"].removeprefix("refs/heads/")
    draft, body = bool(given.get("draft")), given.get("body")
    issue = await pulls.open_pull(call.world, repository, call.user, call.now, given["title"], body, head, base, draft)
    return shown(call, issue)


async def ready(call: Call, given: Arguments) -> Any:
    issue = target(call, given)
    pulls.set_draft(call.world, issue, call.user, call.now, draft=False)
    return shown(call, issue)


async def draft(call: Call, given: Arguments) -> Any:
    issue = target(call, given)
    pulls.set_draft(call.world, issue, call.user, call.now, draft=True)
    return shown(call, issue)


async def close(call: Call, given: Arguments) -> Any:
    issue = target(call, given)
    if issue.state == "open":
        pulls.close(call.world, issue, call.user, call.now)
    return shown(call, issue)


async def reopen(call: Call, given: Arguments) -> Any:
    issue = target(call, given)
    await pulls.reopen_pull(call.world, issue, call.user, call.now)
    return shown(call, issue)


async def merge(call: Call, given: Arguments) -> Any:
    issue = target(call, given)
    need_role(call, issue.repository, "write", "contents")
    parts = [part for part in (given.get("commitHeadline"), given.get("commitBody")) if part]
    method = (given.get("mergeMethod") or "MERGE").lower()
    message = "\n\n".join(parts) or None
    await merge_pull(call.world, issue, call.user, method, message, given.get("expectedHeadOid"))
    return {"actor": actor(call, call.user), **shown(call, issue)}


MUTATIONS = {
    "createPullRequest": create,
    "markPullRequestReadyForReview": ready,
    "convertPullRequestToDraft": draft,
    "closePullRequest": close,
    "reopenPullRequest": reopen,
    "mergePullRequest": merge,
}
