"""Further repositories, their settings, and commits on their branches."""

from __future__ import annotations

from typing import Any

from node.demo.github.acts import refs
from node.demo.github.control.ask import Ask
from node.demo.github.control.founding import found_repository
from node.demo.github.git import commits, trees
from node.demo.github.git.commits import Person
from node.demo.github.git.refs import Change
from node.demo.github.git.trees import FILE, Entry
from node.demo.github.view import repository as view
from node.demo.github.wire.problem import Problem

SETTINGS = ("private", "archived", "has_issues", "copilot", "empty")


async def listed(ask: Ask) -> Any:
    return [view.full(ask.links, each, "admin") for each in ask.world.repositories.values()]


async def create(ask: Ask) -> Any:
    """{full_name, private, empty, files}; the people of the first repository have the same roles in it."""
    full_name = str(ask.need("full_name"))
    if ask.world.repository(full_name) or full_name.count("/") != 1:
        raise Problem(422, f"{full_name!r} exists already or is no owner/name")
    files = {str(path): str(text) for path, text in dict(ask.body.get("files") or {}).items()}
    private, empty = bool(ask.body.get("private", True)), bool(ask.body.get("empty"))
    made = await found_repository(ask.world, full_name, private=private, empty=empty, files=files or None)
    made.roles = dict(ask.world.first_repository.roles)
    return view.full(ask.links, made, "admin")


async def edit(ask: Ask) -> Any:
    repository = ask.repository
    for name in SETTINGS:
        if name in ask.body:
            setattr(repository, name, bool(ask.body[name]))
    if ask.body.get("default_branch"):
        repository.default_branch = str(ask.body["default_branch"])
        await repository.git.set_head(repository.default_branch)
    if ask.body.get("new_name"):
        ask.world.rename(repository, str(ask.body["new_name"]))
    if ask.body.get("new_owner"):
        ask.world.rename(repository, repository.name, ask.world.user(str(ask.body["new_owner"])))
    return view.full(ask.links, repository, "admin")


async def commit(ask: Ask) -> Any:
    """Files put on a branch by a person: {branch, from, message, files}; a file of null is deleted, a new branch
    starts at `from`."""
    repository, git, actor = ask.repository, ask.repository.git, ask.person
    name = f"refs/heads/{ask.body.get('branch') or repository.default_branch}"
    async with repository.ref_lock:
        head = await git.ref(name)
        start = await commits.resolve(git, str(ask.body.get("from") or repository.default_branch))
        parent = head.sha if head else start
        entries = [await entry(ask, path, text) for path, text in dict(ask.need("files")).items()]
        tree = await trees.build_tree(git, parent, entries)
        person = Person(actor.login, actor.email, int(ask.now))
        message = str(ask.body.get("message") or "Change files")
        sha = await commits.write_commit(git, tree, (parent,) if parent else (), person, person, message)
        await refs.apply(ask.world, repository, actor, ask.now, [Change(name, head.sha if head else None, sha)])
    repository.empty = False
    return {"sha": sha, "ref": name}


async def entry(ask: Ask, path: str, text: Any) -> Entry:
    sha = None if text is None else await ask.repository.git.write("blob", str(text).encode())
    return Entry(path, FILE, sha)
