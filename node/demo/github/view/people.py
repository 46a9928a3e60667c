"""Users, organisations and bots."""

from __future__ import annotations

from typing import Any

from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import ROLES, User, at_least
from node.demo.github.wire.links import Links

ENDPOINTS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def user(links: Links, who: User) -> dict[str, Any]:
    """The short form that stands inside other objects."""
    own = links.user(who.login)
    return {
        "login": who.login,
        "id": who.id,
        "node_id": who.node_id,
        "avatar_url": links.page("avatars", who.id),
        "gravatar_id": "",
        "url": own,
        "html_url": links.page(who.login),
        **{name: own + rest for name, rest in ENDPOINTS.items()},
        "type": who.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def maybe_user(links: Links, who: User | None) -> dict[str, Any] | None:
    return None if who is None else user(links, who)


def full_user(links: Links, who: User) -> dict[str, Any]:
    empty = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    times = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
    return {**user(links, who), "name": who.login, "blog": "", **empty, **counts, **times}


def permissions(role: str) -> dict[str, bool]:
    names = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    return {name: at_least(role, needed) for name, needed in names.items()}


def collaborator(links: Links, who: User, role: str) -> dict[str, Any]:
    return {**user(links, who), "permissions": permissions(role), "role_name": role}


def permission(links: Links, who: User, role: str) -> dict[str, Any]:
    """The permission of one collaborator: the older word folds triage into read and maintain into write."""
    folded = {"triage": "read", "maintain": "write"}.get(role, role)
    return {"permission": folded, "role_name": role, "user": collaborator(links, who, role)}


def association(repository: Repository, who: User) -> str:
    """What the author is to the repository, as issues and comments say it."""
    if who.login.lower() == repository.owner.login.lower():
        return "OWNER"
    role = repository.roles.get(who.login.lower(), ROLES[0])
    if role == "none":
        return "NONE"
    return "MEMBER" if repository.owner.kind == "Organization" else "COLLABORATOR"
