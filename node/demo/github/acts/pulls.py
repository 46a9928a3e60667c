"""What happens to pull requests: opened, following their branches, closed, reopened, made ready."""

from __future__ import annotations

from node.demo.github.acts import hooks, issues
from node.demo.github.git.merge import merge_base, merged_tree
from node.demo.github.git.refs import Change, swap
from node.demo.github.model.issues import Issue
from node.demo.github.model.pulls import Pull
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import User
from node.demo.github.model.world import World
from node.demo.github.view import pull as view
from node.demo.github.wire.links import Links
from node.demo.github.wire.problem import Problem, invalid


def announce(world: World, issue: Issue, action: str, actor: User) -> None:
    if issue.repository.hooks:
        shown = view.pull(Links(world.origin), issue)
        hooks.announce(
            world, issue.repository, "pull_request", actor, action=action, number=issue.number, pull_request=shown
        )


def refused(message: str, field: str | None = None) -> Problem:
    error = {"resource": "PullRequest", "code": "custom", "message": message}
    return Problem(422, "Validation Failed", [error | ({"field": field} if field else {})])


def open_between(repository: Repository, head: str, base: str | None = None) -> list[Issue]:
    """Open pull requests from this branch (into that one)."""
    found = ((issue, issue.pull) for issue in repository.pulls() if issue.state == "open")
    return [issue for issue, pull in found if pull and pull.head == head and base in (None, pull.base)]


async def branch_sha(repository: Repository, field: str, name: str) -> str:
    ref = await repository.git.ref(f"refs/heads/{name}")
    if ref is None:
        raise invalid("PullRequest", field, "invalid")
    return ref.sha


def own_branch(repository: Repository, head: str) -> str:
    """The branch in `owner:branch`; a head of another owner would be a fork, of which there are none."""
    owner, colon, branch = head.rpartition(":")
    if colon and owner.lower() != repository.owner.login.lower():
        raise invalid("PullRequest", "head", "invalid")
    return branch


async def check(repository: Repository, head: str, base: str) -> tuple[str, str]:
    """The two shas of a new pull request, or the reason why there can be none."""
    base_sha = await branch_sha(repository, "base", base)
    head_sha = await branch_sha(repository, "head", head)
    if open_between(repository, head, base):
        raise refused(f"A pull request already exists for {repository.owner.login}:{head}.")
    if await repository.git.is_ancestor(head_sha, base_sha):
        raise refused(f"No commits between {base} and {head}")
    if await merge_base(repository.git, base_sha, head_sha) is None:
        raise refused(f"The {base} branch has no history in common with {head}")
    return head_sha, base_sha


async def open_pull(
    world: World, repository: Repository, author: User, now: float, title: str, body: str | None, head: str, base: str,
    draft: bool,
) -> Issue:  # fmt: skip
    """A new pull request; refused while the head has an open one into the same base."""
    issues.check_title(title)
    issues.check_body("PullRequest", body or "")
    async with repository.ref_lock:
        head_sha, base_sha = await check(repository, head, base)
        issue = issues.open_issue(world, repository, author, title, body, now)
        issue.pull = Pull(world.new_id(), head, head_sha, base, base_sha, draft)
        await keep_head(repository, issue, head_sha)
    announce(world, issue, "opened", author)
    return issue


async def keep_head(repository: Repository, issue: Issue, new: str) -> None:
    """refs/pull/N/head keeps the commits of a pull request whose branch is gone."""
    name = f"refs/pull/{issue.number}/head"
    current = await repository.git.ref(name)
    await swap(repository.git, [Change(name, current.sha if current else None, new)])


async def follow(world: World, repository: Repository, actor: User, now: float, change: Change) -> None:
    """A branch moved or went: what that means for the pull requests from it and into it."""
    branch = change.name.removeprefix("refs/heads/")
    if branch == change.name:
        return
    for issue in [each for each in repository.pulls() if each.state == "open"]:
        pull = issue.pull
        if pull is None:
            continue
        if branch in (pull.head, pull.base) and change.new is None:
            close(world, issue, actor, now)
        elif pull.head == branch and change.new is not None:
            await keep_head(repository, issue, change.new)
            pull.head_sha = change.new
            moved(world, issue, actor, now)
        elif pull.base == branch and change.new is not None:
            pull.base_sha = change.new
            pull.forget_mergeable()
            if await repository.git.is_ancestor(pull.head_sha, change.new):
                merged(world, issue, actor, now, change.new)


def moved(world: World, issue: Issue, actor: User, now: float) -> None:
    if issue.pull is not None:
        issue.pull.forget_mergeable()
    issues.touched(world, issue, now, actor, "")
    announce(world, issue, "synchronize", actor)


def merged(world: World, issue: Issue, actor: User, now: float, sha: str) -> None:
    """Its commits are in the base: closed as merged. Closes the issues that it names, when the base is the default
    branch."""
    if issue.pull is None or issue.pull.merged_at is not None:
        return
    issue.pull.merged_at, issue.pull.merged_by, issue.pull.merge_sha = now, actor, sha
    issues.touched(world, issue, now, actor, "merged")
    close(world, issue, actor, now)
    if issue.pull.base == issue.repository.default_branch:
        for other in view.closing(issue):
            issues.close(world, other, actor, now)


def close(world: World, issue: Issue, actor: User, now: float) -> None:
    issues.close(world, issue, actor, now)
    announce(world, issue, "closed", actor)


async def reopen_pull(world: World, issue: Issue, actor: User, now: float) -> None:
    """422 when merged, when the branch is gone, or when another one is open from it."""
    pull, repository = issue.pull, issue.repository
    if pull is None or issue.state == "open":
        return
    if pull.merged_at is not None:
        raise refused("state cannot be changed. The pull request cannot be reopened.", "state")
    head = await repository.git.ref(f"refs/heads/{pull.head}")
    if head is None:
        raise refused(f"state cannot be changed. The {pull.head} branch has been deleted.", "state")
    if open_between(repository, pull.head, pull.base):
        text = f"There is already an open pull request from {repository.owner.login}:{pull.head} to {pull.base}."
        raise refused(f"state cannot be changed. {text}", "state")
    pull.head_sha = head.sha
    pull.forget_mergeable()
    issues.reopen(world, issue, actor, now)
    announce(world, issue, "reopened", actor)


def set_draft(world: World, issue: Issue, actor: User, now: float, draft: bool) -> None:
    if issue.pull is None or issue.pull.draft == draft:
        return
    issue.pull.draft = draft
    issues.touched(world, issue, now, actor, "convert_to_draft" if draft else "ready_for_review")
    announce(world, issue, "converted_to_draft" if draft else "ready_for_review", actor)


def ask_mergeable(world: World, issue: Issue) -> None:
    """Start to work out `mergeable` unless it is known or on its way; the answer of today is still null."""
    pull = issue.pull
    if pull is None or pull.merged_at is not None or pull.judged == (pull.head_sha, pull.base_sha):
        return
    pull.judged = (pull.head_sha, pull.base_sha)
    world.spawn(judge, issue.repository, pull)


async def judge(repository: Repository, pull: Pull) -> None:
    head, base = pull.head_sha, pull.base_sha
    tree = await merged_tree(repository.git, base, head)
    # Only if neither branch has moved in between.
    if pull.judged == (head, base):
        pull.mergeable = tree is not None
