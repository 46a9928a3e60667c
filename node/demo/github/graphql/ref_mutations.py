"""Mutations of refs: compare-and-swap by value, all or nothing, which REST does not have."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from node.demo.github.acts import refs as acts
from node.demo.github.git import commits, trees
from node.demo.github.git.commits import Person
from node.demo.github.git.refs import Change, check_name, check_object, plan_create, plan_delete, plan_update
from node.demo.github.git.store import ZERO, GitError
from node.demo.github.git.trees import FILE, Entry, NoSuchPath
from node.demo.github.graphql import git_objects
from node.demo.github.graphql.loop import Arguments, Refusal
from node.demo.github.graphql.nodes import RefName, need
from node.demo.github.graphql.permission import need_role
from node.demo.github.model.repositories import Repository
from node.demo.github.wire.call import Call

STALE = 'Expected branch to point to "{}" but it did not.  Pull and try again.'


def unprocessable(message: str) -> Refusal:
    return Refusal("UNPROCESSABLE", message)


def the_branch(call: Call, branch: dict[str, Any]) -> tuple[Repository, str]:
    """The repository and full name of a branch, given by node id or by names."""
    if branch.get("id"):
        found: RefName = need(call, branch["id"], RefName)
        return found.repository, found.name
    full_name, name = branch.get("repositoryNameWithOwner") or "", branch.get("branchName") or ""
    repository = call.world.repository(full_name)
    if repository is None or call.role_in(repository) == "none":
        raise Refusal("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
    return repository, f"refs/heads/{name.removeprefix('refs/heads/')}"


async def create_commit(call: Call, given: Arguments) -> Any:
    repository, name = the_branch(call, given["branch"])
    need_role(call, repository, "write", "contents")
    expected, git = given["expectedHeadOid"], repository.git
    additions, deletions = changes(given.get("fileChanges") or {})
    if not name.startswith("refs/heads/"):
        raise unprocessable("The branch must be below refs/heads/.")
    async with repository.ref_lock:
        head = await git.ref(name)
        if head is None:
            raise Refusal("NOT_FOUND", f"No ref found for {name}")
        if head.sha != expected:
            raise Refusal("STALE_DATA", STALE.format(expected))
        entries = [Entry(path, FILE, await git.write("blob", data)) for path, data in additions.items()]
        tree = await build(repository, expected, [*entries, *deletions])
        person = Person(call.user.login, call.user.email, int(call.now))
        text = "\n\n".join(part for part in (given["message"]["headline"], given["message"].get("body")) if part)
        sha = await commits.write_commit(git, tree, (expected,), person, person, text)
        await acts.apply(call.world, repository, call.user, call.world.now(), [Change(name, expected, sha)])
    commit = await commits.read_commit(git, sha)
    shown = git_objects.commit(call, repository, commit) if commit else None
    return {"commit": shown, "ref": await git_objects.ref(call, repository, name)}


def changes(given: dict[str, Any]) -> tuple[dict[str, bytes], list[Entry]]:
    """Files to write and paths to delete; each path once."""
    added: list[dict[str, str]] = given.get("additions") or []
    gone: list[dict[str, str]] = given.get("deletions") or []
    paths = [each["path"] for each in (*added, *gone)]
    if len(set(paths)) != len(paths):
        raise unprocessable("A path was requested to be changed more than once.")
    try:
        files = {each["path"]: base64.b64decode(each["contents"], validate=True) for each in added}
    except binascii.Error as error:
        raise unprocessable("contents is not valid Base64") from error
    return files, [Entry(each["path"], FILE, None) for each in gone]


async def build(repository: Repository, base: str, entries: list[Entry]) -> str:
    try:
        return await trees.build_tree(repository.git, base, entries)
    except NoSuchPath as error:
        raise unprocessable(
            f"A path was requested for deletion which does not exist as of commit oid `{base}`"
        ) from error
    except GitError as error:
        raise unprocessable("A path was malformed.") from error


async def plan(repository: Repository, wanted: dict[str, Any]) -> Change:
    """One update of `updateRefs`, compared by value when `beforeOid` is given. A zero oid means: no such ref."""
    git, name, after = repository.git, wanted["name"], wanted["afterOid"]
    await check_name(git, name)
    current = await git.ref(name)
    value = current.sha if current else None
    before = wanted.get("beforeOid")
    if before is not None and before != (value or ZERO):
        raise Refusal("STALE_DATA", f'{name}: expected "{before}", but it points to "{value or ZERO}".')
    if after == ZERO:
        if current is None:
            raise unprocessable(f"{name}: Reference does not exist")
        return Change(name, value, None)
    await check_object(git, name, after)
    if value is not None and not wanted.get("force") and not await git.is_ancestor(value, after):
        raise unprocessable(f"{name}: Update is not a fast forward")
    return Change(name, value, after)


def check_kept(repository: Repository, change: Change) -> None:
    if change.new is None and change.name == f"refs/heads/{repository.default_branch}":
        raise unprocessable("Cannot delete the default branch")


async def update_refs(call: Call, given: Arguments) -> Any:
    repository: Repository = need(call, given["repositoryId"], Repository)
    need_role(call, repository, "write", "contents")
    names = [each["name"] for each in given["refUpdates"]]
    if len(set(names)) != len(names):
        raise unprocessable("A ref was requested to be updated more than once.")
    async with repository.ref_lock:
        planned = [await plan(repository, wanted) for wanted in given["refUpdates"]]
        for change in planned:
            check_kept(repository, change)
        await acts.apply(call.world, repository, call.user, call.world.now(), planned)
    return {}


async def create_ref(call: Call, given: Arguments) -> Any:
    repository: Repository = need(call, given["repositoryId"], Repository)
    need_role(call, repository, "write", "contents")
    async with repository.ref_lock:
        change = await plan_create(repository.git, given["name"], given["oid"])
        await acts.apply(call.world, repository, call.user, call.world.now(), [change])
    return {"ref": await git_objects.ref(call, repository, given["name"])}


async def update_ref(call: Call, given: Arguments) -> Any:
    found: RefName = need(call, given["refId"], RefName)
    need_role(call, found.repository, "write", "contents")
    async with found.repository.ref_lock:
        change = await plan_update(found.repository.git, found.name, given["oid"], bool(given.get("force")))
        await acts.apply(call.world, found.repository, call.user, call.world.now(), [change])
    return {"ref": await git_objects.ref(call, found.repository, found.name)}


async def delete_ref(call: Call, given: Arguments) -> Any:
    found: RefName = need(call, given["refId"], RefName)
    need_role(call, found.repository, "write", "contents")
    async with found.repository.ref_lock:
        change = await plan_delete(found.repository.git, found.name)
        check_kept(found.repository, change)
        await acts.apply(call.world, found.repository, call.user, call.world.now(), [change])
    return {}


MUTATIONS = {
    "createCommitOnBranch": create_commit,
    "updateRefs": update_refs,
    "createRef": create_ref,
    "updateRef": update_ref,
    "deleteRef": delete_ref,
}
