"""A repository, in full and as the short form inside other objects."""

from __future__ import annotations

from typing import Any

from node.demo.github.model.repositories import Repository
from node.demo.github.model.world import stamp
from node.demo.github.view import people
from node.demo.github.wire.links import Links

# Part of the path below the repository -> name of the field.
PLACES = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def short(links: Links, repository: Repository) -> dict[str, Any]:
    own = links.repository(repository.full_name)
    return {
        "id": repository.id,
        "node_id": repository.node_id,
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": people.user(links, repository.owner),
        "html_url": links.page(repository.full_name),
        "description": repository.description,
        "fork": False,
        "url": own,
        **{name: own + place for name, place in PLACES.items()},
    }


def settings(repository: Repository, open_issues: int) -> dict[str, Any]:
    counts = dict.fromkeys(("forks", "forks_count", "stargazers_count", "watchers", "watchers_count"), 0)
    absent = dict.fromkeys(("homepage", "language", "license", "mirror_url"))
    switched_off = dict.fromkeys(
        ("has_wiki", "has_pages", "has_discussions", "has_downloads", "disabled", "is_template"), False
    )
    return {
        "default_branch": repository.default_branch,
        "visibility": "private" if repository.private else "public",
        "archived": repository.archived,
        "has_issues": repository.has_issues,
        "has_projects": True,
        "has_pull_requests": True,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "topics": [],
        "size": 1,
        "open_issues": open_issues,
        "open_issues_count": open_issues,
        **counts,
        **absent,
        **switched_off,
    }


def full(links: Links, repository: Repository, role: str) -> dict[str, Any]:
    own = links.page(repository.full_name)
    opened = sum(issue.state == "open" and not issue.deleted for issue in repository.issues.values())
    writes = [write.at for write in repository.ref_writes]
    merging = dict.fromkeys(("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge"), True)
    organization = people.user(links, repository.owner) if repository.owner.kind == "Organization" else None
    return {
        **short(links, repository),
        **settings(repository, opened),
        "git_url": own.replace("http", "git", 1) + ".git",
        "ssh_url": f"git@localhost:{repository.full_name}.git",
        "clone_url": own + ".git",
        "svn_url": own,
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.created_at),
        "pushed_at": stamp(max(writes, default=repository.created_at)),
        "permissions": people.permissions(role),
        **merging,
        "allow_auto_merge": False,
        "delete_branch_on_merge": False,
        "network_count": 0,
        "subscribers_count": 0,
        **({"organization": organization} if organization else {}),
    }
