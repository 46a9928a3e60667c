"""Who may mutate: the same rules as over REST, refused in GraphQL's form."""

from __future__ import annotations

from dataclasses import replace

from node.demo.github.graphql.loop import Refusal
from node.demo.github.model.repositories import Repository
from node.demo.github.wire.call import Call


def need_role(call: Call, repository: Repository, role: str, *areas: str) -> None:
    """Raises FORBIDDEN; also for an archived repository."""
    if repository.archived or call.world.switches.look("STA-04", call.method, call.path):
        raise Refusal("UNPROCESSABLE", "Repository was archived so is read-only.")
    if not replace(call, found=repository).may(role, *areas):
        raise Refusal("FORBIDDEN", call.token.refusal if call.token else "Requires authentication")
