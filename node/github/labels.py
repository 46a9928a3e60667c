"""Labels: made where the repository lacks them, then put on the issue."""

from github import Github, GithubException, UnknownObjectException
from github.Repository import Repository

from aggregator.filing.calls import AddLabels, Rejected
from node.github.failures import about_issue, says
from node.github.hub import Hub

COLOUR = "ededed"  # what GitHub itself gives to a label that is made in passing


async def add_labels(hub: Hub, call: AddLabels) -> None:
    repository = await hub.repositories.writable(call.repository)
    there = [label for label in call.labels if await _ensure(hub, call.repository, repository, label)]
    if not there:
        return
    url = f"{repository.url}/issues/{call.number}/labels"

    def add(g: Github) -> None:
        with about_issue(call.number):
            g.requester.requestJsonAndCheck("POST", url, input={"labels": there})

    await hub.client.write("add labels", f"{call.repository}#{call.number}", url, add)


async def _ensure(hub: Hub, name: str, repository: Repository, label: str) -> bool:
    """Whether the repository has the label now. Asked for by making it, so two that do it at once both succeed."""
    key = (name.lower(), label.lower())
    if key in hub.labels:
        return True
    try:
        await hub.client.write(
            "create label", f"{name} {label}", f"{repository.url}/labels", lambda _: _make(repository, label)
        )
    except Rejected:
        if not await hub.client.read(lambda _: _exists(repository, label)):  # may use labels, but not make them
            return False
    hub.labels.add(key)
    return True


def _make(repository: Repository, label: str) -> None:
    try:
        repository.create_label(label, COLOUR)
    except GithubException as error:
        if not says(error, 422, "already_exists"):
            raise


def _exists(repository: Repository, label: str) -> bool:
    try:
        repository.get_label(label)
    except UnknownObjectException:
        return False
    return True
