"""Every endpoint there is, in the order in which they are tried: what another one would swallow stands before it."""

from __future__ import annotations

from node.demo.github.api import (
    actions,
    apps,
    assignees,
    checks,
    comments,
    commits,
    contents,
    git_objects,
    hooks,
    issues,
    labels,
    logs,
    meta,
    pulls,
    refs,
    relations,
    repositories,
    reviews,
    search,
)
from node.demo.github.graphql import endpoint
from node.demo.github.wire.routing import Route, below_repository

TOP = [*apps.top, *meta.top, *repositories.top, *issues.top, *search.top, *endpoint.top]
REPOSITORY = [
    *issues.routes,
    *comments.routes,
    *labels.routes,
    *assignees.routes,
    *relations.routes,
    *refs.routes,
    *git_objects.routes,
    *pulls.routes,
    *reviews.routes,
    *logs.routes,
    *actions.routes,
    *checks.routes,
    *commits.routes,
    *contents.routes,
    *hooks.routes,
    *repositories.routes,
]
ALL: list[Route] = [*TOP, *below_repository(REPOSITORY)]
