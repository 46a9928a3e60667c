"""Founding a repository: a bare git repository with one commit on its default branch."""

from __future__ import annotations

from node.demo.github.git.commits import Person, write_commit
from node.demo.github.git.refs import Change, swap
from node.demo.github.git.store import Store
from node.demo.github.git.trees import FILE, Entry, build_tree
from node.demo.github.model.repositories import Repository
from node.demo.github.model.world import World

FILES = {"README.md": "# A repository of the GitHub stand-in\n"}


async def found_repository(
    world: World, full_name: str, *, private: bool = True, empty: bool = False, files: dict[str, str] | None = None
) -> Repository:
    """The owner becomes an organisation unless it is known already."""
    owner, _, name = full_name.partition("/")
    store = Store(world.directory / f"{owner}-{name}.git")
    await store.create()
    account = world.find_user(owner) or world.user(owner, "Organization")
    made = Repository(world.new_id(), account, name, store, world.now(), private=private, empty=empty)
    world.repositories[full_name.lower()] = made
    await store.set_head(made.default_branch)
    if not empty and await store.ref(f"refs/heads/{made.default_branch}") is None:
        await first_commit(made, files or FILES)
    return made


async def first_commit(repository: Repository, files: dict[str, str]) -> None:
    store = repository.git
    entries = [Entry(path, FILE, await store.write("blob", text.encode())) for path, text in files.items()]
    person = Person(repository.owner.login, repository.owner.email, int(repository.created_at))
    sha = await write_commit(store, await build_tree(store, None, entries), (), person, person, "Initial commit")
    await swap(store, [Change(f"refs/heads/{repository.default_branch}", None, sha)])
