"""Merging a pull request, as a person (or a test that plays one) does. A rebase is done as a squash."""

from __future__ import annotations

from node.demo.github.acts import pulls, refs
from node.demo.github.git import commits
from node.demo.github.git.commits import Person
from node.demo.github.git.merge import merged_tree
from node.demo.github.git.refs import Change
from node.demo.github.model.issues import Issue
from node.demo.github.model.pulls import Pull
from node.demo.github.model.users import User
from node.demo.github.model.world import World
from node.demo.github.view.pull import the_pull
from node.demo.github.wire.problem import Problem


def check(issue: Issue, pull: Pull, wanted: str | None) -> None:
    if issue.state == "closed":
        raise Problem(405, "Pull Request is not mergeable")
    if pull.draft:
        raise Problem(405, "Pull Request is still a draft")
    if wanted is not None and wanted != pull.head_sha:
        raise Problem(409, "Head branch was modified. Review and try the merge again.")


async def merge_pull(
    world: World,
    issue: Issue,
    actor: User,
    method: str = "merge",
    message: str | None = None,
    wanted: str | None = None,
) -> str:
    """The sha of the commit that the base branch has afterwards. Raises 405 or 409 when it cannot be merged."""
    pull, repository = the_pull(issue), issue.repository
    async with repository.ref_lock:
        check(issue, pull, wanted)
        tree = await merged_tree(repository.git, pull.base_sha, pull.head_sha)
        if tree is None:
            raise Problem(405, "Pull Request is not mergeable")
        person = Person(actor.login, actor.email, int(world.now()))
        parents = (pull.base_sha, pull.head_sha) if method == "merge" else (pull.base_sha,)
        text = message or f"Merge pull request #{issue.number} from {repository.owner.login}/{pull.head}"
        sha = await commits.write_commit(repository.git, tree, parents, person, person, text)
        change = Change(f"refs/heads/{pull.base}", pull.base_sha, sha)
        await refs.apply(world, repository, actor, world.now(), [change])
        # Moving the base has marked it, unless its own commits are not in the base: after a squash.
        pulls.merged(world, issue, actor, world.now(), sha)
    return sha
