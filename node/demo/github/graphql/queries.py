"""The roots of a query."""

from __future__ import annotations

from typing import Any

from node.demo.github.api.search import matching
from node.demo.github.git import commits
from node.demo.github.graphql import git_objects
from node.demo.github.graphql.connections import connection
from node.demo.github.graphql.loop import Arguments, Refusal, no_node
from node.demo.github.graphql.nodes import CommentPlace, CommitName, Found, RefName, find
from node.demo.github.graphql.objects import actor, comment, issue_or_pull, label, repository_object
from node.demo.github.model.issues import Issue, Label
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import User, at_least
from node.demo.github.model.world import stamp
from node.demo.github.wire.auth import account_of
from node.demo.github.wire.call import Call


async def repository(call: Call, arguments: Arguments) -> Any:
    full_name = f"{arguments['owner']}/{arguments['name']}"
    moved = call.world.renamed.get(full_name.lower())
    found = call.world.repository(full_name) if moved is None else call.world.repository_by_id(moved)
    if found is None or not at_least(call.role_in(found), "read"):
        raise Refusal("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
    return repository_object(call, found)


async def shown(call: Call, found: Found | None) -> Any:
    if isinstance(found, Repository):
        return repository_object(call, found)
    if isinstance(found, Issue):
        return issue_or_pull(call, found)
    if isinstance(found, Label):
        return label(found)
    if isinstance(found, CommentPlace):
        return comment(call, found.issue, found.comment)
    if isinstance(found, RefName):
        return await git_objects.ref(call, found.repository, found.name)
    if isinstance(found, CommitName):
        commit = await commits.read_commit(found.repository.git, found.sha)
        return None if commit is None else git_objects.commit(call, found.repository, commit)
    return actor(call, found) if isinstance(found, User) else None


async def node(call: Call, arguments: Arguments) -> Any:
    found = await shown(call, find(call, arguments["id"]))
    if found is None:
        raise no_node(arguments["id"])
    return found


async def nodes(call: Call, arguments: Arguments) -> Any:
    return [await shown(call, find(call, identifier)) for identifier in arguments["ids"]]


async def viewer(call: Call, _: Arguments) -> Any:
    return {**actor(call, call.user), "__typename": "User"}


def owner_of(*kinds: str) -> Any:
    async def resolve(call: Call, arguments: Arguments) -> Any:
        found = call.world.find_user(arguments["login"])
        if found is None or found.kind not in kinds:
            raise Refusal("NOT_FOUND", f"Could not resolve to a User with the login of '{arguments['login']}'.")
        return actor(call, found)

    return resolve


async def rate_limit(call: Call, _: Arguments) -> Any:
    bucket = call.world.limits.bucket(account_of(call.token), "graphql", call.now)
    values = bucket.values("graphql")
    return {**values, "cost": 1, "nodeCount": 0, "resetAt": stamp(bucket.reset)}


async def search(call: Call, arguments: Arguments) -> Any:
    """As late as the search over REST."""
    found = matching(call, arguments["query"]) if arguments["type"] == "ISSUE" else []
    found.sort(key=lambda issue: issue.number, reverse=True)
    return connection(found, arguments, lambda issue: issue_or_pull(call, issue))


QUERIES = {
    "repository": repository,
    "node": node,
    "nodes": nodes,
    "viewer": viewer,
    "user": owner_of("User"),
    "organization": owner_of("Organization"),
    "repositoryOwner": owner_of("User", "Organization"),
    "rateLimit": rate_limit,
    "search": search,
}
