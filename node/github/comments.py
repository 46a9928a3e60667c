"""Comments: list and add; and, from what people wrote or clicked, which issue another is a duplicate of."""

import re
from typing import Any

import msgspec
from github import Github
from github.Repository import Repository

from aggregator.filing.calls import AddComment, Comment, DuplicateOf, Failure, ListComments, MayTriage
from node.github.failures import about_issue
from node.github.hub import Hub
from node.github.people import may_triage
from node.github.wire import WireComment, comment_of

DUPLICATE = re.compile(
    r"^\s*duplicate of (?:([\w.-]+/[\w.-]+)?#|https?://[^\s/]+/([\w.-]+/[\w.-]+)/issues/)(\d{1,9})\b",
    re.IGNORECASE | re.MULTILINE,
)
WRITERS = 5  # of such comments, the newest first, whose rights are looked up
QUERY = """query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) {
  issue(number: $number) { duplicateOf { number repository { nameWithOwner } } } } }"""


async def list_comments(hub: Hub, call: ListComments) -> tuple[Comment, ...]:
    repository = await hub.repositories.get(call.repository)
    url = f"{repository.url}/issues/{call.number}/comments"
    return await hub.pages.all(url, {}, WireComment, comment_of)


async def add_comment(hub: Hub, call: AddComment) -> None:
    repository = await hub.repositories.writable(call.repository)
    url = f"{repository.url}/issues/{call.number}/comments"

    def add(g: Github) -> None:
        with about_issue(call.number):
            _, data = g.requester.requestJsonAndCheck("POST", url, input={"body": call.body})
        msgspec.convert(data, WireComment)

    await hub.client.write("comment", f"{call.repository}#{call.number}", url, add)


async def duplicate_of(hub: Hub, call: DuplicateOf) -> int:
    """As GitHub itself recorded it, else as somebody who may decide that has written it."""
    repository = await hub.repositories.get(call.repository)
    try:
        found = await hub.client.read(lambda g: _recorded(g, repository, call.number), resource="graphql")
    except Failure:
        found = 0  # an older server, or its other limit is used up
    return found or await _written(hub, call, repository.full_name)


def _recorded(g: Github, repository: Repository, number: int) -> int:
    owner, name = repository.full_name.split("/")
    _, answer = g.requester.graphql_query(QUERY, {"owner": owner, "name": name, "number": number})
    issue: dict[str, Any] = answer["data"]["repository"]["issue"] or {}
    original: dict[str, Any] = issue.get("duplicateOf") or {}
    same = original.get("repository", {}).get("nameWithOwner", "").lower() == repository.full_name.lower()
    return int(original["number"]) if same else 0


async def _written(hub: Hub, call: DuplicateOf, full_name: str) -> int:
    comments = await list_comments(hub, ListComments(call.repository, call.number))
    places = {"", call.repository.lower(), full_name.lower()}
    said = [(each.author, match) for each in comments for match in DUPLICATE.finditer(each.body)]
    told = [(who, int(match[3])) for who, match in said if (match[1] or match[2] or "").lower() in places]
    for author, number in reversed(told[-WRITERS:]):
        if number != call.number and await may_triage(hub, MayTriage(call.repository, author)):
            return number
    return 0
