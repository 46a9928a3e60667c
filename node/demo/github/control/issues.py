"""What people do to issues and pull requests: POST {action, login, permission, number, ...}."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from node.demo.github.acts import assignees, issues, pulls
from node.demo.github.acts.merge import merge_pull
from node.demo.github.acts.pulls import reopen_pull
from node.demo.github.acts.removal import delete, transfer
from node.demo.github.control.ask import Ask
from node.demo.github.model.issues import Issue
from node.demo.github.view import issue as view
from node.demo.github.view.pull import the_pull
from node.demo.github.wire.problem import Problem


def names(ask: Ask) -> list[str]:
    given: list[Any] = ask.body.get("labels") or []
    return [str(name) for name in given]


async def opened(ask: Ask) -> Issue:
    body = ask.body.get("body")
    title = str(ask.body.get("title") or "Something is broken")
    issue = issues.open_issue(ask.world, ask.repository, ask.person, title, body, ask.now)
    issues.add_labels(ask.world, issue, ask.person, ask.now, names(ask))
    issues.announce(ask.world, issue, "opened", ask.person)
    return issue


async def closed(ask: Ask) -> Issue:
    issue = ask.issue
    if issue.pull is not None:
        pulls.close(ask.world, issue, ask.person, ask.now)
        return issue
    canonical = ask.repository.issues.get(ask.body.get("duplicate_of", 0))
    reason = ask.body.get("state_reason") or ("duplicate" if canonical else None)
    issues.close(ask.world, issue, ask.person, ask.now, reason, canonical)
    return issue


async def reopened(ask: Ask) -> Issue:
    await reopen_pull(ask.world, ask.issue, ask.person, ask.now)
    issues.reopen(ask.world, ask.issue, ask.person, ask.now)
    return ask.issue


async def edited(ask: Ask) -> Issue:
    issues.edit(ask.world, ask.issue, ask.person, ask.now, ask.body.get("title"), ask.body.get("body"))
    return ask.issue


async def commented(ask: Ask) -> Issue:
    issues.comment(ask.world, ask.issue, ask.person, ask.now, str(ask.need("body")))
    return ask.issue


async def labelled(ask: Ask) -> Issue:
    issues.add_labels(ask.world, ask.issue, ask.person, ask.now, names(ask))
    return ask.issue


async def unlabelled(ask: Ask) -> Issue:
    for name in names(ask):
        issues.remove_label(ask.world, ask.issue, ask.person, ask.now, name)
    return ask.issue


async def assigned(ask: Ask) -> Issue:
    logins = [str(login) for login in ask.body.get("assignees") or [ask.person.login]]
    users = assignees.known(ask.world, ask.repository, logins, False)
    assignees.assign(ask.world, ask.issue, ask.person, ask.now, users)
    return ask.issue


async def locked(ask: Ask) -> Issue:
    issues.lock(ask.world, ask.issue, ask.person, ask.now, ask.body.get("lock_reason"))
    return ask.issue


async def unlocked(ask: Ask) -> Issue:
    issues.unlock(ask.world, ask.issue, ask.person, ask.now)
    return ask.issue


async def transferred(ask: Ask) -> Issue:
    destination = ask.world.repository(str(ask.need("to")))
    if destination is None:
        raise Problem(404, f"There is no repository {ask.body['to']!r}")
    return transfer(ask.world, ask.issue, destination, ask.person, ask.now)


async def deleted(ask: Ask) -> Issue:
    delete(ask.world, ask.issue, ask.person, ask.now)
    return ask.issue


async def merged(ask: Ask) -> Issue:
    """A person takes it out of draft and merges it."""
    pulls.set_draft(ask.world, ask.issue, ask.person, ask.now, draft=False)
    await merge_pull(ask.world, ask.issue, ask.person, str(ask.body.get("method") or "merge"))
    return ask.issue


async def opened_pull(ask: Ask) -> Issue:
    title, base = str(ask.body.get("title") or "A change"), str(ask.body.get("base") or ask.repository.default_branch)
    body, draft = ask.body.get("body"), bool(ask.body.get("draft"))
    head = str(ask.need("head"))
    return await pulls.open_pull(ask.world, ask.repository, ask.person, ask.now, title, body, head, base, draft)


async def readied(ask: Ask) -> Issue:
    pulls.set_draft(ask.world, ask.issue, ask.person, ask.now, draft=bool(ask.body.get("draft", False)))
    return ask.issue


ACTIONS: dict[str, Callable[[Ask], Awaitable[Issue]]] = {
    "open": opened,
    "close": closed,
    "reopen": reopened,
    "edit": edited,
    "comment": commented,
    "label": labelled,
    "unlabel": unlabelled,
    "assign": assigned,
    "lock": locked,
    "unlock": unlocked,
    "transfer": transferred,
    "delete": deleted,
    "open_pull": opened_pull,
    "ready": readied,
    "merge": merged,
}


async def act(ask: Ask) -> Any:
    action = str(ask.body.get("action") or "open")
    if action not in ACTIONS:
        raise Problem(422, f"action must be one of {', '.join(ACTIONS)}, not {action!r}")
    return shown(ask, await ACTIONS[action](ask))


def shown(ask: Ask, issue: Issue) -> dict[str, Any]:
    """The issue as the API shows it, and what the API would not say."""
    duplicate = issue.duplicate_of.number if issue.duplicate_of else None
    extra = {
        "deleted": issue.deleted,
        "moved_to": view.url_of(ask.links, issue.moved_to) if issue.moved_to else None,
        "duplicate_of": duplicate,
        "draft": the_pull(issue).draft if issue.pull else None,
    }
    comments = [view.comment(ask.links, issue, each) for each in issue.comments]
    return {**view.full_issue(ask.links, issue), **extra, "comment_list": comments}


async def listed(ask: Ask) -> Any:
    return [shown(ask, issue) for issue in ask.repository.issues.values()]
