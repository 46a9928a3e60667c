"""Mutations of issues, their labels, assignees and comments."""

from __future__ import annotations

from typing import Any

from node.demo.github.acts import assignees, issues
from node.demo.github.acts.pulls import reopen_pull
from node.demo.github.acts.removal import delete, transfer
from node.demo.github.graphql.loop import Arguments, Refusal
from node.demo.github.graphql.nodes import need, need_issue
from node.demo.github.graphql.objects import actor, issue_object, issue_or_pull, repository_object
from node.demo.github.graphql.permission import need_role
from node.demo.github.model.issues import Issue, Label
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import COPILOT, COPILOT_ASSIGN_LOGIN, User
from node.demo.github.wire.call import Call

AREAS = ("issues", "pull_requests")


def label_names(call: Call, identifiers: list[str] | None) -> list[str]:
    return [need(call, identifier, Label).name for identifier in identifiers or []]


def people(call: Call, repository: Repository, identifiers: list[str] | None) -> list[User]:
    """The users of these ids, less those that cannot be assigned."""
    found: list[User] = [need(call, identifier, User) for identifier in identifiers or []]
    logins = [COPILOT_ASSIGN_LOGIN if user == COPILOT else user.login for user in found]
    return assignees.known(call.world, repository, logins, call.installation)


def target(call: Call, identifier: str, role: str = "triage", pull: bool | None = None) -> Issue:
    issue = need_issue(call, identifier, pull)
    need_role(call, issue.repository, role, *AREAS)
    return issue


async def create(call: Call, given: Arguments) -> Any:
    repository: Repository = need(call, given["repositoryId"], Repository)
    need_role(call, repository, "read", "issues")
    if not repository.has_issues:
        raise Refusal("UNPROCESSABLE", "Issues are disabled for this repo")
    names = label_names(call, given.get("labelIds"))
    users = people(call, repository, given.get("assigneeIds"))
    issue = issues.open_issue(call.world, repository, call.user, given["title"], given.get("body"), call.now)
    if call.role_in(repository) not in ("read", "none"):
        issues.add_labels(call.world, issue, call.user, call.now, names)
        assignees.assign(call.world, issue, call.user, call.now, users)
    issues.announce(call.world, issue, "opened", call.user)
    return {"issue": issue_object(call, issue)}


async def update(call: Call, given: Arguments) -> Any:
    issue = target(call, given["id"], pull=False)
    title = given.get("title")
    if title is not None:
        issues.check_title(title)
    issues.check_body("Issue", given.get("body") or "")
    if title is not None or given.get("body") is not None:
        issues.edit(call.world, issue, call.user, call.now, title, given.get("body"))
    if given.get("labelIds") is not None:
        issues.set_labels(call.world, issue, call.user, call.now, label_names(call, given["labelIds"]))
    if given.get("assigneeIds") is not None:
        found = people(call, issue.repository, given["assigneeIds"])
        assignees.replace(call.world, issue, call.user, call.now, found)
    if given.get("state") == "CLOSED":
        issues.close(call.world, issue, call.user, call.now)
    elif given.get("state") == "OPEN":
        issues.reopen(call.world, issue, call.user, call.now)
    return {"actor": actor(call, call.user), "issue": issue_object(call, issue)}


async def close(call: Call, given: Arguments) -> Any:
    issue = target(call, given["issueId"], pull=False)
    canonical_id = given.get("duplicateIssueId")
    canonical = need_issue(call, canonical_id, pull=False) if canonical_id else None
    reason = (given.get("stateReason") or ("DUPLICATE" if canonical else "COMPLETED")).lower()
    issues.close(call.world, issue, call.user, call.now, reason, canonical)
    return {"issue": issue_object(call, issue)}


async def reopen(call: Call, given: Arguments) -> Any:
    issue = target(call, given["issueId"])
    if issue.pull is not None:
        await reopen_pull(call.world, issue, call.user, call.now)
    issues.reopen(call.world, issue, call.user, call.now)
    return {"issue": issue_object(call, issue)}


async def remove(call: Call, given: Arguments) -> Any:
    issue = target(call, given["issueId"], "admin", pull=False)
    delete(call.world, issue, call.user, call.now)
    return {"repository": repository_object(call, issue.repository)}


async def move(call: Call, given: Arguments) -> Any:
    issue = target(call, given["issueId"], "write", pull=False)
    destination: Repository = need(call, given["repositoryId"], Repository)
    need_role(call, destination, "write", "issues")
    moved = transfer(call.world, issue, destination, call.user, call.now)
    return {"issue": issue_object(call, moved)}


async def comment(call: Call, given: Arguments) -> Any:
    issue = target(call, given["subjectId"], "read")
    if issue.locked:
        need_role(call, issue.repository, "write")
    issues.comment(call.world, issue, call.user, call.now, given["body"])
    return {"subject": issue_or_pull(call, issue)}


async def add_labels(call: Call, given: Arguments) -> Any:
    issue = target(call, given["labelableId"])
    issues.add_labels(call.world, issue, call.user, call.now, label_names(call, given["labelIds"]))
    return {"labelable": issue_or_pull(call, issue)}


async def remove_labels(call: Call, given: Arguments) -> Any:
    issue = target(call, given["labelableId"])
    for name in label_names(call, given["labelIds"]):
        if name.lower() in issue.label_names():
            issues.remove_label(call.world, issue, call.user, call.now, name)
    return {"labelable": issue_or_pull(call, issue)}


async def add_people(call: Call, given: Arguments) -> Any:
    issue = target(call, given["assignableId"])
    found = people(call, issue.repository, given["assigneeIds"])
    assignees.assign(call.world, issue, call.user, call.now, found)
    return {"assignable": issue_or_pull(call, issue)}


async def remove_people(call: Call, given: Arguments) -> Any:
    issue = target(call, given["assignableId"])
    logins = [need(call, identifier, User).login for identifier in given["assigneeIds"]]
    assignees.unassign(call.world, issue, call.user, call.now, logins)
    return {"assignable": issue_or_pull(call, issue)}


async def replace_people(call: Call, given: Arguments) -> Any:
    issue = target(call, given["assignableId"])
    found = people(call, issue.repository, given.get("actorIds"))
    found += assignees.known(call.world, issue.repository, given.get("actorLogins") or [], call.installation)
    assignees.replace(call.world, issue, call.user, call.now, found)
    return {"assignable": issue_or_pull(call, issue)}


MUTATIONS = {
    "createIssue": create,
    "updateIssue": update,
    "closeIssue": close,
    "reopenIssue": reopen,
    "deleteIssue": remove,
    "transferIssue": move,
    "addComment": comment,
    "addLabelsToLabelable": add_labels,
    "removeLabelsFromLabelable": remove_labels,
    "addAssigneesToAssignable": add_people,
    "removeAssigneesFromAssignable": remove_people,
    "replaceActorsForAssignable": replace_people,
}
