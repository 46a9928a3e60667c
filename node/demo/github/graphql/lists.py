"""What a repository holds, as fields with arguments."""

from __future__ import annotations

from typing import Any

from node.demo.github.acts.assignees import assignable
from node.demo.github.api.listing import Wanted, listed
from node.demo.github.git import commits, trees
from node.demo.github.graphql import git_objects
from node.demo.github.graphql.connections import connection
from node.demo.github.graphql.loop import Arguments, Lazy, lazy, lazy_sync
from node.demo.github.graphql.objects import actor, by_number, issue_object, label, pull_object, suggested
from node.demo.github.model.issues import Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.view.pull import the_pull
from node.demo.github.wire.call import Call

ORDERS = {"CREATED_AT": "created", "UPDATED_AT": "updated", "COMMENTS": "comments"}


def ordered(repository: Repository, arguments: Arguments, labels: list[str] | None = None) -> list[Issue]:
    order = arguments.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    names = tuple(name.lower() for name in labels or [])
    wanted = Wanted("all", names, sort=ORDERS[order["field"]], descending=order["direction"] == "DESC")
    return listed(repository, wanted, None)


def issues(call: Call, repository: Repository, arguments: Arguments) -> dict[str, Any]:
    filters: dict[str, Any] = arguments.get("filterBy") or {}
    states = arguments.get("states") or filters.get("states") or ["OPEN", "CLOSED"]
    found = ordered(repository, arguments, arguments.get("labels") or filters.get("labels"))
    creator = (filters.get("createdBy") or "").lower()
    shown = [
        issue
        for issue in found
        if issue.pull is None and issue.state.upper() in states and creator in ("", issue.author.login.lower())
    ]
    return connection(shown, arguments, lambda issue: issue_object(call, issue))


def pull_state(issue: Issue) -> str:
    return "MERGED" if the_pull(issue).merged_at is not None else issue.state.upper()


def pulls(call: Call, repository: Repository, arguments: Arguments) -> dict[str, Any]:
    states = arguments.get("states") or ["OPEN", "CLOSED", "MERGED"]
    head, base = arguments.get("headRefName"), arguments.get("baseRefName")
    shown = [
        issue
        for issue in ordered(repository, arguments)
        if issue.pull and pull_state(issue) in states
        and head in (None, issue.pull.head) and base in (None, issue.pull.base)
    ]  # fmt: skip
    return connection(shown, arguments, lambda issue: pull_object(call, issue))


def full_ref(name: str) -> str:
    return name if name.startswith("refs/") else f"refs/heads/{name}"


async def find_object(call: Call, repository: Repository, arguments: Arguments) -> dict[str, Any] | None:
    """By oid, or by an expression: a revision, or `revision:path`."""
    oid, expression = arguments.get("oid"), arguments.get("expression")
    if oid is None and expression:
        revision, colon, path = expression.partition(":")
        oid = await commits.resolve(repository.git, revision)
        entry = await trees.find_path(repository.git, oid, path) if oid and colon else None
        oid = (entry.sha if entry else None) if colon else oid
    return None if oid is None else await git_objects.git_object(call, repository, oid)


async def refs(call: Call, repository: Repository, arguments: Arguments) -> dict[str, Any]:
    found = await repository.git.refs(arguments["refPrefix"])
    return connection(found, arguments, lambda ref: git_objects.shown_ref(call, repository, ref))


def actors(call: Call, repository: Repository, arguments: Arguments) -> dict[str, Any]:
    return connection(suggested(call, repository), arguments, lambda user: actor(call, user))


def repository_lists(call: Call, repository: Repository) -> dict[str, Lazy]:
    branch = f"refs/heads/{repository.default_branch}"

    def one_label(arguments: Arguments) -> dict[str, Any] | None:
        found = repository.labels.get(arguments["name"].lower())
        return None if found is None else label(found)

    return {
        "defaultBranchRef": lazy(lambda _: git_objects.ref(call, repository, branch)),
        "ref": lazy(lambda given: git_objects.ref(call, repository, full_ref(given["qualifiedName"]))),
        "refs": lazy(lambda given: refs(call, repository, given)),
        "object": lazy(lambda given: find_object(call, repository, given)),
        "issue": lazy_sync(lambda given: by_number(call, repository, given, "Issue")),
        "pullRequest": lazy_sync(lambda given: by_number(call, repository, given, "PullRequest")),
        "issueOrPullRequest": lazy_sync(lambda given: by_number(call, repository, given, "issue or pull request")),
        "issues": lazy_sync(lambda given: issues(call, repository, given)),
        "pullRequests": lazy_sync(lambda given: pulls(call, repository, given)),
        "label": lazy_sync(one_label),
        "labels": lazy_sync(lambda given: connection(list(repository.labels.values()), given, label)),
        "assignableUsers": lazy_sync(
            lambda given: connection(assignable(call.world, repository), given, lambda user: actor(call, user))
        ),
        "suggestedActors": lazy_sync(lambda given: actors(call, repository, given)),
    }
