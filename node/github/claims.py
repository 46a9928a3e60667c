"""Claims: git refs outside branches and tags, each at a commit that says who holds it.

The commit comes first and moves nothing; only the ref decides, and GitHub changes a ref in one atomic step. The commit
is built from the claim alone (dates and tree are fixed), so asking again for the same claim makes the same commit and
the answer to a lost answer is found by looking whether the ref points at it.

The tree is the empty one: a commit that held the repository's files would count as one that adds its workflows, which a
token may not do without a right of its own. Where a server does not know the empty tree, the default branch's is taken.
"""

from datetime import UTC, datetime
from urllib.parse import quote

import msgspec
from github import Github, GithubException, UnknownObjectException
from github.Repository import Repository

from aggregator.filing.calls import AdvanceClaim, CreateClaim, NotSent, ReadClaim, Rejected, Unsure
from aggregator.filing.claim import Claim, read_claim, ref
from aggregator.reason import Reason
from node.github.failures import says, text_of
from node.github.hub import Hub

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git knows it without having it
AUTHOR = {"name": "error-aggregator", "email": "error-aggregator@localhost"}


async def read(hub: Hub, call: ReadClaim) -> Claim | None:
    repository = await hub.repositories.get(call.repository)
    return await _head(hub, repository, call.root)


async def create(hub: Hub, call: CreateClaim) -> Claim | None:
    repository = await hub.repositories.writable(call.claim.repository, push=True)
    sha = await _commit(hub, repository, call.claim, parents=[])
    name, url = ref(call.claim.root), f"{repository.url}/git/refs"
    won = await hub.client.write("create claim", _subject(call.claim), url, lambda _: _create(repository, name, sha))
    if won:
        return msgspec.structs.replace(call.claim, sha=sha)
    return await _ours(hub, repository, call.claim, sha)


async def advance(hub: Hub, call: AdvanceClaim) -> Claim | None:
    repository = await hub.repositories.writable(call.claim.repository, push=True)
    sha = await _commit(hub, repository, call.claim, parents=[call.claim.parent])
    url = f"{repository.url}/git/{quote(ref(call.claim.root))}"
    won = await hub.client.write("advance claim", _subject(call.claim), url, lambda g: _advance(g, url, sha))
    if won:
        return msgspec.structs.replace(call.claim, sha=sha)
    return await _ours(hub, repository, call.claim, sha)


async def _commit(hub: Hub, repository: Repository, claim: Claim, parents: list[str]) -> str:
    """The sha of the claim's commit. It moves nothing, so whatever fails here surely did nothing."""
    known = hub.trees.get(repository.full_name)
    tree = known or EMPTY_TREE
    try:
        sha = await hub.client.read(lambda g: _make_commit(g, repository, claim, tree, parents))
    except Rejected:
        if known is not None:
            raise
        tree = await hub.client.read(lambda _: _default_tree(repository))
        sha = await hub.client.read(lambda g: _make_commit(g, repository, claim, tree, parents))
    hub.trees[repository.full_name] = tree
    return sha


def _make_commit(g: Github, repository: Repository, claim: Claim, tree: str, parents: list[str]) -> str:
    date = datetime.fromtimestamp(int(claim.at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    who = {**AUTHOR, "date": date}
    commit = {"message": claim.message(), "tree": tree, "parents": parents, "author": who, "committer": who}
    try:
        _, made = g.requester.requestJsonAndCheck("POST", f"{repository.url}/git/commits", input=commit)
    except UnknownObjectException as error:
        raise Rejected(Reason.FORBIDDEN, f"{text_of(error)}: the token may not write contents") from None
    except GithubException as error:
        raise _refused(error) from None
    return msgspec.convert(made["sha"], str)


def _default_tree(repository: Repository) -> str:
    head = repository.get_git_ref(f"heads/{repository.default_branch}").object.sha
    return repository.get_git_commit(head).tree.sha


def _create(repository: Repository, name: str, sha: str) -> bool:
    try:
        repository.create_git_ref(name, sha)
    except GithubException as error:
        if says(error, 422, "reference already exists"):
            return False
        raise _refused(error) from None
    return True


def _advance(g: Github, url: str, sha: str) -> bool:
    try:
        g.requester.requestJsonAndCheck("PATCH", url, input={"sha": sha, "force": False})
    except GithubException as error:
        if says(error, 422, "not a fast forward"):
            return False
        raise _refused(error) from None
    return True


def _refused(error: GithubException) -> Exception:
    """A 422 has a reason of its own here; everything else is as everywhere."""
    return Rejected(Reason.CLAIM_REFUSED, text_of(error)) if error.status == 422 else error


async def _ours(hub: Hub, repository: Repository, claim: Claim, sha: str) -> Claim | None:
    """Our claim, if the ref is at it though we were refused: an answer was lost, or a request was delivered twice."""
    try:
        head = await _head(hub, repository, claim.root)
    except Rejected:
        return None
    except NotSent as away:
        raise Unsure(away.reason, away.text, away.retry_after) from None
    if head is None:
        return None
    same = head.sha == sha or head == msgspec.structs.replace(claim, sha=head.sha, parent="")
    return msgspec.structs.replace(claim, sha=head.sha) if same else None


async def _head(hub: Hub, repository: Repository, root: str) -> Claim | None:
    """What the ref says; None where GitHub shows none. Raises Rejected(CLAIM_UNREADABLE) where it is not ours."""
    name = ref(root).removeprefix("refs/")
    target = await hub.client.read(lambda _: _target(repository, name))
    if target is None:
        return None
    message = await hub.client.read(lambda _: _message(repository, target))
    if message is None:
        return None
    claim = read_claim(message, target)
    if claim is None or claim.root != root:
        raise Rejected(Reason.CLAIM_UNREADABLE, f"{repository.full_name} {ref(root)}")
    return claim


def _target(repository: Repository, name: str) -> str | None:
    try:
        return repository.get_git_ref(name).object.sha
    except UnknownObjectException:
        return None


def _message(repository: Repository, sha: str) -> str | None:
    """None: a replica that shows the ref may not have its commit yet."""
    try:
        return repository.get_git_commit(sha).message
    except UnknownObjectException:
        return None


def _subject(claim: Claim) -> str:
    return f"{claim.repository} {claim.root}"
