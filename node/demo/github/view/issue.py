"""Issues, comments, labels and events."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from node.demo.github.model.issues import Comment, Event, Issue, Label
from node.demo.github.model.repositories import Repository
from node.demo.github.model.world import stamp
from node.demo.github.view import people
from node.demo.github.wire.links import Links

REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def reactions(url: str) -> dict[str, Any]:
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(REACTIONS, 0)}


def label(links: Links, repository: Repository, value: Label) -> dict[str, Any]:
    return {
        "id": value.id,
        "node_id": value.node_id,
        "url": f"{links.repository(repository.full_name)}/labels/{quote(value.name, safe='')}",
        "name": value.name,
        "color": value.color,
        "default": False,
        "description": value.description,
    }


def labels(links: Links, value: Issue) -> list[dict[str, Any]]:
    return [label(links, value.repository, each) for each in value.labels]


def kind_of(value: Issue) -> str:
    return "pull" if value.pull else "issues"


def url_of(links: Links, value: Issue) -> str:
    return f"{links.repository(value.repository.full_name)}/issues/{value.number}"


def issue(links: Links, value: Issue) -> dict[str, Any]:
    """As lists show it."""
    own = url_of(links, value)
    assignees = [people.user(links, who) for who in value.assignees]
    return {
        **places(links, value, own),
        "id": value.id,
        "node_id": value.node_id,
        "number": value.number,
        "title": value.title,
        "user": people.user(links, value.author),
        "labels": labels(links, value),
        "state": value.state,
        "locked": value.locked,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "comments": len(value.comments),
        "created_at": stamp(value.created_at),
        "updated_at": stamp(value.updated_at),
        "closed_at": stamp(value.closed_at),
        "author_association": people.association(value.repository, value.author),
        "type": {"name": value.type} if value.type else None,
        "active_lock_reason": value.lock_reason,
        **relations(value),
        "body": value.body,
        "reactions": reactions(own),
        "timeline_url": f"{own}/timeline",
        "performed_via_github_app": None,
        "state_reason": value.state_reason,
        **pull_marker(links, value),
    }


def places(links: Links, value: Issue, own: str) -> dict[str, Any]:
    return {
        "url": own,
        "repository_url": links.repository(value.repository.full_name),
        "labels_url": f"{own}/labels{{/name}}",
        "comments_url": f"{own}/comments",
        "events_url": f"{own}/events",
        "html_url": links.page(value.repository.full_name, kind_of(value), value.number),
    }


def relations(value: Issue) -> dict[str, Any]:
    done = sum(child.state == "closed" for child in value.children)
    total = len(value.children)
    percent = 100 * done // total if total else 0
    blockers = sum(other.state == "open" for other in value.blocked_by)
    blocked = sum(other.state == "open" for other in value.blocking)
    return {
        "sub_issues_summary": {"total": total, "completed": done, "percent_completed": percent},
        "issue_dependencies_summary": {
            "blocked_by": blockers,
            "total_blocked_by": len(value.blocked_by),
            "blocking": blocked,
            "total_blocking": len(value.blocking),
        },
    }


def pull_marker(links: Links, value: Issue) -> dict[str, Any]:
    """What tells a pull request from a plain issue in a list of issues."""
    if value.pull is None:
        return {}
    page = links.page(value.repository.full_name, "pull", value.number)
    marker = {
        "url": f"{links.repository(value.repository.full_name)}/pulls/{value.number}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "merged_at": stamp(value.pull.merged_at),
    }
    return {"draft": value.pull.draft, "pull_request": marker}


def full_issue(links: Links, value: Issue) -> dict[str, Any]:
    """As GET by number shows it: also who closed it."""
    return {**issue(links, value), "closed_by": people.maybe_user(links, value.closed_by)}


def comment(links: Links, parent: Issue, value: Comment) -> dict[str, Any]:
    repository = parent.repository
    own = f"{links.repository(repository.full_name)}/issues/comments/{value.id}"
    page = links.page(repository.full_name, kind_of(parent), parent.number)
    return {
        "url": own,
        "html_url": f"{page}#issuecomment-{value.id}",
        "issue_url": url_of(links, parent),
        "id": value.id,
        "node_id": value.node_id,
        "user": people.user(links, value.author),
        "created_at": stamp(value.created_at),
        "updated_at": stamp(value.updated_at),
        "author_association": people.association(repository, value.author),
        "body": value.body,
        "reactions": reactions(own),
        "performed_via_github_app": None,
    }


def event(links: Links, parent: Issue, value: Event) -> dict[str, Any]:
    return {
        "id": value.id,
        "node_id": f"EV_{value.id}",
        "url": f"{links.repository(parent.repository.full_name)}/issues/events/{value.id}",
        "actor": people.user(links, value.actor),
        "event": value.kind,
        "commit_id": None,
        "commit_url": None,
        "created_at": stamp(value.at),
        "performed_via_github_app": None,
        **value.detail,
    }
