"""Issues: list, read, create, edit. Each function carries out the call it is named after, as `calls.py` promises."""

from typing import Any

import msgspec
from github import Github, GithubException, UnknownObjectException
from github.Repository import Repository

from aggregator.filing.calls import CreateIssue, EditIssue, HighestNumber, Issue, ListIssues, Newest, ReadIssue
from aggregator.filing.settings import OWN_LABEL
from node.github.failures import about_issue, moved_issue, says
from node.github.hub import Hub
from node.github.repository import FACTS_AGE
from node.github.retry import Moved
from node.github.wire import WireIssue, issue_of

NEWEST = "10"  # issues of which the highest number is taken: one that was moved here is old and has a high number


async def list_issues(hub: Hub, call: ListIssues) -> tuple[Issue, ...]:
    repository = await hub.repositories.get(call.repository)
    query = {"state": "all", "labels": OWN_LABEL, "sort": "created", "direction": "asc"}
    listed = await hub.pages.all(
        f"{repository.url}/issues", query, WireIssue, lambda wire: _listed(wire, call.repository)
    )
    unique = {issue.number: issue for issue in listed if issue is not None}
    return tuple(unique.values())


async def highest_number(hub: Hub, call: HighestNumber) -> Newest:
    repository = await hub.repositories.get(call.repository)
    query = {"state": "all", "sort": "created", "direction": "desc", "per_page": NEWEST}
    page = await hub.pages.one(f"{repository.url}/issues", query, WireIssue, lambda wire: wire.number)
    return Newest(max(page.items, default=0), page.at)


async def read_issue(hub: Hub, call: ReadIssue) -> Issue | None:
    repository = await hub.repositories.get(call.repository)
    wire = await hub.client.read(lambda g: _read(g, repository, call.number))
    if wire is None:
        return None
    place = await _place(hub, call.repository, wire)
    hub.saw(place, wire.user.login if wire.user else "", wire.author_association)
    return issue_of(wire, place)


async def create_issue(hub: Hub, call: CreateIssue) -> Issue:
    # The claim for it was won seconds ago and looked at the facts: a second look would only cost time before the send.
    repository = await hub.repositories.writable(call.repository, 2 * FACTS_AGE)

    def create(_: Github) -> Issue:
        made = repository.create_issue(call.title, body=call.body, labels=list(call.labels))
        return issue_of(msgspec.convert(made.raw_data, WireIssue), call.repository)

    place = f"{repository.html_url}/issues"
    return await hub.client.write(
        "create issue", call.repository, place, create, lambda issue: f"{place}/{issue.number}"
    )


async def edit_issue(hub: Hub, call: EditIssue) -> None:
    repository = await hub.repositories.writable(call.repository)
    change: dict[str, Any] = {}
    if call.body is not None:
        change["body"] = call.body
    if call.open is not None:
        change["state"] = "open" if call.open else "closed"
    if call.state_reason is not None:
        change["state_reason"] = call.state_reason
    if call.duplicate_of is not None:
        number = call.duplicate_of
        original = await hub.client.read(lambda g: _read(g, repository, number))
        change |= {"duplicate_issue_id": original.id} if original else {}
    url = f"{repository.url}/issues/{call.number}"

    def edit(g: Github) -> None:
        with about_issue(call.number):
            _edit(g, url, change)

    await hub.client.write("edit issue", f"{call.repository}#{call.number}", url, edit)


def _listed(wire: WireIssue, repository: str) -> Issue | None:
    return None if wire.pull_request is not None else issue_of(wire, repository)


def _read(g: Github, repository: Repository, number: int) -> WireIssue | None:
    """None: 404. An issue that was moved is read where it is now; raises `Rejected(TRANSFERRED)` where it cannot be."""
    try:
        data = repository.get_issue(number).raw_data
    except UnknownObjectException:
        return None
    except Moved as moved:
        with moved_issue(number):
            _, data = g.requester.requestJsonAndCheck("GET", moved.location)
    return msgspec.convert(data, WireIssue)


async def _place(hub: Hub, asked: str, wire: WireIssue) -> str:
    """The issue's repository: as who asked spells it, unless the issue is elsewhere.

    Another name may also mean that the whole repository was renamed; then it is the same place still.
    """
    for _ in range(2):
        repository = await hub.repositories.get(asked)
        if wire.repository.lower() in ("", repository.full_name.lower()):
            return asked
        hub.repositories.forget()
    return wire.repository


def _edit(g: Github, url: str, change: dict[str, Any]) -> None:
    """PATCH. A server that does not know `duplicate_issue_id` yet still closes the issue as a duplicate."""
    try:
        g.requester.requestJsonAndCheck("PATCH", url, input=change)
    except GithubException as error:
        if "duplicate_issue_id" not in change or not says(error, 422, "duplicate_issue_id"):
            raise
        rest = {name: value for name, value in change.items() if name != "duplicate_issue_id"}
        g.requester.requestJsonAndCheck("PATCH", url, input=rest)
