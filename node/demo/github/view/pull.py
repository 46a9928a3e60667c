"""Pull requests: the list form, and the full form with what only GET by number works out."""

from __future__ import annotations

import re
from typing import Any

from node.demo.github.model.issues import Issue
from node.demo.github.model.pulls import Pull, Review
from node.demo.github.model.world import stamp
from node.demo.github.view import issue as issue_view
from node.demo.github.view import people
from node.demo.github.view import repository as repository_view
from node.demo.github.wire.links import Links

CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w.-]+/[\w.-]+)?#(\d+)", re.IGNORECASE)


def closing(issue: Issue) -> list[Issue]:
    """The issues of this repository that merging it closes."""
    numbers = {int(found) for found in CLOSING.findall(issue.body or "")}
    others = (issue.repository.issues.get(number) for number in sorted(numbers))
    return [other for other in others if other is not None and other.pull is None]


def branch(links: Links, issue: Issue, name: str, sha: str) -> dict[str, Any]:
    repository = issue.repository
    return {
        "label": f"{repository.owner.login}:{name}",
        "ref": name,
        "sha": sha,
        "user": people.user(links, repository.owner),
        "repo": {**repository_view.short(links, repository), **repository_view.settings(repository, 0)},
    }


def addresses(links: Links, issue: Issue, sha: str) -> dict[str, str]:
    base = links.repository(issue.repository.full_name)
    own, page = f"{base}/pulls/{issue.number}", links.page(issue.repository.full_name, "pull", issue.number)
    return {
        "url": own,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue_view.url_of(links, issue),
        "commits_url": f"{own}/commits",
        "review_comments_url": f"{own}/comments",
        "review_comment_url": f"{base}/pulls/comments{{/number}}",
        "comments_url": f"{issue_view.url_of(links, issue)}/comments",
        "statuses_url": f"{base}/statuses/{sha}",
    }


NAMES = {
    "self": "url",
    "html": "html_url",
    "issue": "issue_url",
    "comments": "comments_url",
    "review_comments": "review_comments_url",
    "review_comment": "review_comment_url",
    "commits": "commits_url",
    "statuses": "statuses_url",
}


def the_pull(issue: Issue) -> Pull:
    if issue.pull is None:
        raise ValueError(f"#{issue.number} is no pull request")
    return issue.pull


def pull(links: Links, issue: Issue) -> dict[str, Any]:
    """As lists show it."""
    value = the_pull(issue)
    urls = addresses(links, issue, value.head_sha)
    shown = issue_view.issue(links, issue)
    same = ("number", "state", "locked", "title", "user", "body", "created_at", "updated_at", "closed_at", "labels",
            "assignee", "assignees", "milestone", "author_association", "active_lock_reason")  # fmt: skip
    return {
        **urls,
        "id": value.id,
        "node_id": issue.node_id,
        **{name: shown[name] for name in same},
        "draft": value.draft,
        "merged_at": stamp(value.merged_at),
        "merge_commit_sha": value.merge_sha,
        "requested_reviewers": [people.user(links, who) for who in value.reviewers],
        "requested_teams": [],
        "head": branch(links, issue, value.head, value.head_sha),
        "base": branch(links, issue, value.base, value.base_sha),
        "_links": {name: {"href": urls[url]} for name, url in NAMES.items()},
        "auto_merge": None,
    }


def merge_state(issue: Issue, failing: bool) -> str:
    value = the_pull(issue)
    if value.mergeable is None or issue.state == "closed":
        return "unknown"
    if not value.mergeable:
        return "dirty"
    return "draft" if value.draft else "unstable" if failing else "clean"


def full_pull(links: Links, issue: Issue, sizes: dict[str, int], failing: bool) -> dict[str, Any]:
    """As GET by number shows it; `sizes` are the counts of commits, files and lines."""
    value = the_pull(issue)
    return {
        **pull(links, issue),
        "merged": value.merged_at is not None,
        "mergeable": value.mergeable if issue.state == "open" else None,
        "rebaseable": value.mergeable if issue.state == "open" else None,
        "mergeable_state": merge_state(issue, failing),
        "merged_by": people.maybe_user(links, value.merged_by),
        "comments": len(issue.comments),
        "review_comments": 0,
        "maintainer_can_modify": value.maintainer_can_modify,
        **sizes,
    }


def review(links: Links, issue: Issue, value: Review) -> dict[str, Any]:
    own = f"{links.repository(issue.repository.full_name)}/pulls/{issue.number}"
    page = f"{links.page(issue.repository.full_name, 'pull', issue.number)}#pullrequestreview-{value.id}"
    return {
        "id": value.id,
        "node_id": f"PRR_{value.id}",
        "user": people.user(links, value.author),
        "body": value.body,
        "state": value.state,
        "html_url": page,
        "pull_request_url": own,
        "_links": {"html": {"href": page}, "pull_request": {"href": own}},
        "submitted_at": stamp(value.at),
        "commit_id": value.sha,
        "author_association": people.association(issue.repository, value.author),
    }
