"""Which area of permissions a path belongs to, and whether a confined token may read there.

Writing is checked by each handler, because the role it takes differs; reading is the same everywhere: in a private
repository a token that was given permissions one by one needs at least `read` in one area of the path."""

from __future__ import annotations

from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem

# The first that fits, in this order. What stands nowhere (the repository itself, collaborators) needs no area.
AREAS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/issues", ("issues", "pull_requests")),
    ("/labels", ("issues", "pull_requests")),
    ("/assignees", ("issues", "pull_requests")),
    ("/pulls", ("pull_requests",)),
    ("/actions", ("actions",)),
    ("/hooks", ("webhooks",)),
    ("/check-runs", ("checks",)),
    ("/commits/{ref:path}/check", ("checks",)),
    ("/commits/{ref:path}/status", ("statuses",)),
    ("/statuses", ("statuses",)),
    ("/commits", ("contents",)),
    ("/git", ("contents",)),
    ("/contents", ("contents",)),
    ("/branches", ("contents",)),
    ("/compare", ("contents",)),
)


def areas_of(path: str) -> tuple[str, ...]:
    return next((areas for prefix, areas in AREAS if path.startswith(prefix)), ())


def check_reach(call: Call, path: str) -> None:
    """`path` is that of the route, below the repository. Raises 403 for a read that the token does not reach."""
    areas = areas_of(path)
    if call.method not in ("GET", "HEAD") or call.token is None or not areas or not call.repository.private:
        return
    if not any(call.token.allows(area, "read") for area in areas):
        raise Problem(403, call.token.refusal)
