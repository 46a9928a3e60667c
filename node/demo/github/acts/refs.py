"""A change of refs and everything that follows from it: the log for lagging reads, pull requests, webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from node.demo.github.acts import hooks, pulls
from node.demo.github.git.refs import Change, swap
from node.demo.github.git.store import ZERO, Ref
from node.demo.github.model.repositories import RefWrite, Repository
from node.demo.github.model.users import User
from node.demo.github.model.world import World


async def apply(world: World, repository: Repository, actor: User, now: float, changes: Sequence[Change]) -> None:
    """Make all changes or none. The caller holds the repository's `ref_lock` since it planned them."""
    await swap(repository.git, changes)
    moved = [change for change in changes if change.old != change.new]
    for change in moved:
        repository.ref_writes.append(RefWrite(now, change.name, change.old, change.new))
    for change in moved:
        await pulls.follow(world, repository, actor, now, change)
        announce(world, repository, actor, change)


def announce(world: World, repository: Repository, actor: User, change: Change) -> None:
    """Webhooks speak of branches and tags only."""
    kind = next((kind for kind in ("heads", "tags") if change.name.startswith(f"refs/{kind}/")), None)
    if kind is None:
        return
    words = {"heads": "branch", "tags": "tag"}
    parts = {"ref": change.name, "before": change.old or ZERO, "after": change.new or ZERO}
    hooks.announce(world, repository, "push", actor, **parts)
    if change.old is None or change.new is None:
        name = change.name.split("/", 2)[2]
        event = "create" if change.old is None else "delete"
        hooks.announce(world, repository, event, actor, ref=name, ref_type=words[kind])


def as_seen(repository: Repository, refs: Sequence[Ref], prefix: str, cutoff: float) -> list[Ref]:
    """What a replica shows that knows no write after `cutoff`: old values, deleted refs, no new ones."""
    seen = {ref.name: ref for ref in refs}
    for write in reversed([each for each in repository.ref_writes if each.at > cutoff]):
        if write.old is None:
            seen.pop(write.name, None)
        elif write.name.startswith(prefix):
            seen[write.name] = Ref(write.name, write.old, "commit")
    return [seen[name] for name in sorted(seen)]
