"""What a token may do, found out without doing it. For `doctor`.

GitHub has no call that lists what a fine-grained token or an app may do. But it looks at the permission before it looks
at the body: a write without any content is refused with 403 where the permission is missing, and with 422 for its empty
body where it is there. Nothing can come of such a request, whatever is lost on the way.
"""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from github import Github
from github.Repository import Repository

from aggregator.filing.calls import Rejected
from aggregator.reason import Reason
from node.clock import Clock
from node.github.hub import Hub

ISSUES, CONTENTS, PULLS = "Issues: write", "Contents: write", "Pull requests: write"

# Below the repository. Labels are also open to who may write pull requests, and in some places anybody may open an
# issue; sub-issues are for who may write issues and nobody else.
PLACES: Mapping[str, tuple[str, ...]] = {
    ISSUES: ("/labels", "/issues", "/issues/{number}/sub_issues"),
    CONTENTS: ("/git/refs",),
    PULLS: ("/pulls",),
}
CODING_AGENT = "copilot-swe-agent"
ACTORS = """query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
    suggestedActors(capabilities: [CAN_BE_ASSIGNED], first: 100) { nodes { login } } } }"""


async def why_not(hub: Hub, name: str, permission: str) -> Reason | None:
    """Why the token cannot do there what takes this permission; None: it can.

    `CLAIM_REFUSED`: the repository has no commit. Raises NotSent, Unsure, and Rejected where there is no repository.
    """
    repository = await hub.repositories.get(name)
    for place in PLACES[permission]:
        number = await _some_issue(hub, repository) if "{number}" in place else 0
        if number is None:
            continue
        reason = await _refusal(hub, name, repository.url + place.format(number=number))
        if reason is Reason.FORBIDDEN or reason is Reason.CLAIM_REFUSED:
            return reason
        if reason is Reason.REPOSITORY_MISSING and not number:  # with a number: a server that knows no sub-issues
            return Reason.FORBIDDEN
    return None


async def clock_ahead(hub: Hub, clock: Clock) -> float:
    """Seconds by which this machine's clock is ahead of GitHub's, to about a second. Raises NotSent and Rejected."""
    before = clock.now()
    date = await hub.client.read(_date)
    return (before + clock.now()) / 2 - (date + 0.5)  # a date has whole seconds


async def scopes(hub: Hub) -> frozenset[str] | None:
    """What a classic token was given; None for the others, which have none. Raises NotSent and Rejected."""
    return await hub.client.read(_scopes)


async def coding_agent(hub: Hub, name: str) -> bool:
    """Whether GitHub's coding agent can be assigned there. Raises NotSent and Rejected."""
    repository = await hub.repositories.get(name)
    owner, _, own = repository.full_name.partition("/")

    def ask(g: Github) -> bool:
        _, answer = g.requester.graphql_query(ACTORS, {"owner": owner, "name": own})
        nodes = answer["data"]["repository"]["suggestedActors"]["nodes"]
        return any(each.get("login") == CODING_AGENT for each in nodes)

    return await hub.client.read(ask, resource="graphql")


async def _refusal(hub: Hub, name: str, url: str) -> Reason | None:
    def post(g: Github) -> None:
        g.requester.requestJsonAndCheck("POST", url, input={})

    try:
        await hub.client.write("ask for a permission", name, url, post)
    except Rejected as refused:
        return refused.reason
    return None


async def _some_issue(hub: Hub, repository: Repository) -> int | None:
    """The number of any issue; None where there is none, or they cannot be seen."""
    url = f"{repository.url}/issues"

    def listed(g: Github) -> int | None:
        _, found = g.requester.requestJsonAndCheck("GET", url, parameters={"state": "all", "per_page": "30"})
        return next((each["number"] for each in found if "pull_request" not in each), None)

    try:
        return await hub.client.read(listed)
    except Rejected:
        return None


def _date(g: Github) -> float:
    headers, _ = g.requester.requestJsonAndCheck("GET", "/")
    return parsedate_to_datetime(headers["date"]).timestamp()


def _scopes(g: Github) -> frozenset[str] | None:
    g.requester.requestJsonAndCheck("GET", "/")
    found = g.requester.oauth_scopes
    return None if found is None else frozenset(found)
