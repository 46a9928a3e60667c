"""Users, issues, pull requests and repositories as GraphQL shows them; what costs something is worked out when
asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from node.demo.github.acts import pulls as acts
from node.demo.github.acts.assignees import assignable
from node.demo.github.git import commits
from node.demo.github.graphql import git_objects
from node.demo.github.graphql.connections import connection
from node.demo.github.graphql.loop import Arguments, Lazy, Refusal, known, lazy, lazy_sync
from node.demo.github.model.issues import Comment, Issue, Label
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import COPILOT, COPILOT_ACTOR_LOGIN, User
from node.demo.github.model.world import stamp
from node.demo.github.view import issue as issue_view
from node.demo.github.view import pull as pull_view
from node.demo.github.view.checks import failing
from node.demo.github.wire.call import Call

T = TypeVar("T")
PERMISSIONS = {"read": "READ", "triage": "TRIAGE", "write": "WRITE", "maintain": "MAINTAIN", "admin": "ADMIN"}


def actor(call: Call, user: User) -> dict[str, Any]:
    """The coding agent has another login here than over REST."""
    login = COPILOT_ACTOR_LOGIN if user == COPILOT else user.login
    return {
        "__typename": user.kind,
        "id": user.node_id,
        "databaseId": user.id,
        "login": login,
        "name": login,
        "email": "",
        "url": call.links.page(login),
        "avatarUrl": call.links.page("avatars", user.id),
        "resourcePath": f"/{login}",
    }


def label(value: Label) -> dict[str, Any]:
    shown = {"name": value.name, "color": value.color, "description": value.description}
    return {"__typename": "Label", "id": value.node_id, **shown}


def comment(call: Call, issue: Issue, value: Comment) -> dict[str, Any]:
    return {
        "__typename": "IssueComment",
        "id": value.node_id,
        "databaseId": value.id,
        "author": actor(call, value.author),
        "body": value.body,
        "createdAt": stamp(value.created_at),
        "updatedAt": stamp(value.updated_at),
        "url": issue_view.comment(call.links, issue, value)["html_url"],
    }


def listed(found: Sequence[T], view: Callable[[T], Any]) -> Lazy:
    """A connection over what is known already."""

    def value(_info: Any, **arguments: Any) -> Any:
        return connection(found, arguments, view)

    return value


def common(call: Call, issue: Issue) -> dict[str, Any]:
    people = [user for user in issue.assignees if user.kind == "User"]
    return {
        "id": issue.node_id,
        "databaseId": issue.id,
        "fullDatabaseId": str(issue.id),
        "number": issue.number,
        "title": issue.title,
        "body": issue.body or "",
        "author": actor(call, issue.author),
        "closed": issue.state == "closed",
        "locked": issue.locked,
        "createdAt": stamp(issue.created_at),
        "updatedAt": stamp(issue.updated_at),
        "closedAt": stamp(issue.closed_at),
        "repository": known(lambda: repository_object(call, issue.repository)),
        "labels": listed(issue.labels, label),
        "assignees": listed(people, lambda user: actor(call, user)),
        "assignedActors": listed(issue.assignees, lambda user: actor(call, user)),
        "comments": listed(issue.comments, lambda each: comment(call, issue, each)),
    }


def issue_object(call: Call, issue: Issue) -> dict[str, Any]:
    def other(found: Issue | None) -> Lazy:
        return known(lambda: None if found is None else issue_object(call, found))

    return {
        **common(call, issue),
        "__typename": "Issue",
        "state": issue.state.upper(),
        "stateReason": known(lambda: (issue.state_reason or "").upper() or None),
        "url": call.links.page(issue.repository.full_name, "issues", issue.number),
        "duplicateOf": other(issue.duplicate_of),
        "parent": other(issue.parent),
        "subIssues": listed(issue.children, lambda child: issue_object(call, child)),
    }


def pull_object(call: Call, issue: Issue) -> dict[str, Any]:
    pull, repository = pull_view.the_pull(issue), issue.repository
    merged = pull.merged_at is not None

    def mergeable(_: Arguments) -> str:
        acts.ask_mergeable(call.world, issue)
        return {None: "UNKNOWN", True: "MERGEABLE", False: "CONFLICTING"}[pull.mergeable]

    async def pull_commits(arguments: Arguments) -> Any:
        shas = await commits.history(repository.git, "--reverse", pull.head_sha, f"^{pull.base_sha}")
        found = [each for sha in shas if (each := await commits.read_commit(repository.git, sha))]
        return connection(found, arguments, lambda each: {"commit": git_objects.commit(call, repository, each)})

    return {
        **common(call, issue),
        "__typename": "PullRequest",
        "state": "MERGED" if merged else issue.state.upper(),
        "url": call.links.page(repository.full_name, "pull", issue.number),
        "isDraft": pull.draft,
        "merged": merged,
        "mergedAt": stamp(pull.merged_at),
        "headRefName": pull.head,
        "headRefOid": pull.head_sha,
        "headRef": lazy(lambda _: git_objects.ref(call, repository, f"refs/heads/{pull.head}")),
        "baseRefName": pull.base,
        "baseRefOid": pull.base_sha,
        "baseRef": lazy(lambda _: git_objects.ref(call, repository, f"refs/heads/{pull.base}")),
        "mergeable": lazy_sync(mergeable),
        "mergeStateStatus": pull_view.merge_state(issue, failing(repository, pull.head_sha)).upper(),
        "commits": lazy(pull_commits),
        "closingIssuesReferences": listed(pull_view.closing(issue), lambda each: issue_object(call, each)),
        "statusCheckRollup": git_objects.rollup(repository, pull.head_sha),
    }


def issue_or_pull(call: Call, issue: Issue) -> dict[str, Any]:
    return pull_object(call, issue) if issue.pull else issue_object(call, issue)


def by_number(call: Call, repository: Repository, arguments: Arguments, kind: str) -> dict[str, Any]:
    """Raises NOT_FOUND in the words of the kind that was asked for."""
    issue = repository.issues.get(arguments["number"])
    fits = issue is not None and kind in ("issue or pull request", "PullRequest" if issue.pull else "Issue")
    if issue is None or not fits or issue.deleted or issue.moved_to:
        raise Refusal("NOT_FOUND", f"Could not resolve to an {kind} with the number of {arguments['number']}.")
    return issue_or_pull(call, issue)


def suggested(call: Call, repository: Repository) -> list[User]:
    """The coding agent first, where it is enabled and the asker is a person."""
    agent = [COPILOT] if repository.copilot and not call.installation else []
    return [*agent, *assignable(call.world, repository)]


def repository_object(call: Call, repository: Repository) -> dict[str, Any]:
    from node.demo.github.graphql.lists import repository_lists  # lists show repositories, repositories have lists

    role = call.role_in(repository)
    return {
        "__typename": "Repository",
        "id": repository.node_id,
        "databaseId": repository.id,
        "name": repository.name,
        "nameWithOwner": repository.full_name,
        "owner": actor(call, repository.owner),
        "url": call.links.page(repository.full_name),
        "description": repository.description,
        "isPrivate": repository.private,
        "isArchived": repository.archived,
        "isEmpty": repository.empty,
        "hasIssuesEnabled": repository.has_issues,
        "visibility": "PRIVATE" if repository.private else "PUBLIC",
        "createdAt": stamp(repository.created_at),
        "viewerPermission": PERMISSIONS.get(role),
        "viewerCanAdminister": role == "admin",
        **repository_lists(call, repository),
    }
