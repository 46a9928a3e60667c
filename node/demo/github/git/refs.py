"""Writing refs: compare, then swap, all or nothing.

The caller holds the repository's `ref_lock`, so what was compared still holds when it is swapped; git's own
transaction, which is given the old values, guards against writers that do not know that lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.demo.github.git.store import ZERO, GitError, Store
from node.demo.github.wire.problem import Problem

EXISTS = "Reference already exists"
MISSING = "Reference does not exist"
FAILED = "Reference update failed"
NOT_FORWARD = "Update is not a fast forward"
BAD_NAME = "Reference name must start with 'refs/' and have at least two slashes."
BAD_SHA = "The sha parameter must be exactly 40 characters and contain only [0-9a-f]."
NO_OBJECT = "Object does not exist"


@dataclass(frozen=True)
class Change:
    """One ref and its values before and after; None where it does not exist."""

    name: str
    old: str | None
    new: str | None


def check_sha(sha: str) -> None:
    if len(sha) != 40 or set(sha) - set("0123456789abcdef"):
        raise Problem(422, BAD_SHA)


async def check_name(store: Store, name: str) -> None:
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Problem(422, BAD_NAME)
    if not await store.valid_name(name):
        raise Problem(422, f"{name} is not a valid ref name.")
    if name.startswith("refs/pull/"):
        raise Problem(422, "refs/pull/* is read-only.")


async def check_object(store: Store, name: str, sha: str) -> None:
    check_sha(sha)
    kind = await store.kind(sha)
    if kind is None:
        raise Problem(422, NO_OBJECT)
    if name.startswith("refs/heads/") and kind != "commit":
        raise Problem(422, f"{FAILED}: a branch must point to a commit, this is a {kind}")


async def plan_create(store: Store, name: str, sha: str) -> Change:
    await check_name(store, name)
    await check_object(store, name, sha)
    if await store.ref(name):
        raise Problem(422, EXISTS)
    return Change(name, None, sha)


async def plan_update(store: Store, name: str, sha: str, force: bool) -> Change:
    await check_name(store, name)
    current = await store.ref(name)
    if current is None:
        raise Problem(422, MISSING)
    await check_object(store, name, sha)
    if not force and not await store.is_ancestor(current.sha, sha):
        raise Problem(422, NOT_FORWARD)
    return Change(name, current.sha, sha)


async def plan_delete(store: Store, name: str) -> Change:
    await check_name(store, name)
    current = await store.ref(name)
    if current is None:
        raise Problem(422, MISSING)
    return Change(name, current.sha, None)


async def swap(store: Store, changes: Sequence[Change]) -> None:
    """Make all changes in one git transaction, or none. Raises a Problem when git refuses."""
    lines = [f"update {change.name} {change.new or ZERO} {change.old or ZERO}\n" for change in changes]
    try:
        await store.run("update-ref", "--stdin", data="".join(lines).encode())
    except GitError as error:
        raise Problem(422, refusal(str(error), changes)) from error


def refusal(complaint: str, changes: Sequence[Change]) -> str:
    """What git said, in GitHub's words."""
    if "cannot create" in complaint:  # refs/heads/a and refs/heads/a/b
        return f"{FAILED}: a name and a folder of the same name cannot coexist"
    if "reference already exists" in complaint:
        return EXISTS if all(change.old is None for change in changes) else FAILED
    return FAILED
