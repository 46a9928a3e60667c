"""Search over issues and pull requests: an index that lags behind.

An issue is found as it was when the index last looked, some seconds ago (`World.search_lag`, or the SRCH-01 switch).
The list endpoint has no such delay, which is why nothing may be decided by search."""

from __future__ import annotations

from node.demo.github.api.listing import SORTS
from node.demo.github.api.search_query import QUALIFIERS, SCOPES, Term, meets, terms
from node.demo.github.model.issues import Issue
from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import at_least
from node.demo.github.view import issue as issue_view
from node.demo.github.view import people
from node.demo.github.view import repository as repository_view
from node.demo.github.wire.answer import Answer
from node.demo.github.wire.call import Call
from node.demo.github.wire.pages import headers_and_items, positive
from node.demo.github.wire.problem import Problem, invalid
from node.demo.github.wire.routing import Route

MAX_RESULTS = 1_000
MAX_QUERY = 256  # characters, qualifiers not counted
BEYOND = "Only the first 1000 search results are available"
NOWHERE = (
    "The listed users and repositories cannot be searched either because the resources do not exist "
    "or you do not have permission to view them."
)


def needed_query(call: Call) -> str:
    query = call.query.get("q", "").strip()
    if not query:
        raise invalid("Search", "q", "missing")
    if sum(len(term.value) for term in terms(query) if not term.name) > MAX_QUERY:
        raise invalid("Search", "q", "invalid", "The search is longer than 256 characters.")
    # Beyond means: the page starts after the thousandth result.
    if (positive(call.query.get("page"), 1) - 1) * call.page.size >= MAX_RESULTS:
        raise Problem(422, BEYOND)
    return query


def visible(call: Call) -> list[Repository]:
    return [each for each in call.world.repositories.values() if at_least(call.role_in(each), "read")]


def check_scope(found: list[Term], repositories: list[Repository]) -> None:
    """A named repository or owner must be one that the asker sees."""
    names = {repository.full_name.lower() for repository in repositories}
    owners = {repository.owner.login.lower() for repository in repositories}
    for term in found:
        if term.name in SCOPES and term.value.lower() not in (names if term.name == "repo" else owners):
            raise Problem(422, "Validation Failed", [
                {"message": NOWHERE, "resource": "Search", "field": "q", "code": "invalid"}
            ])  # fmt: skip


def lag(call: Call) -> float:
    switch = call.world.switches.look("SRCH-01", call.method, call.path)
    return call.world.search_lag if switch is None or switch.seconds is None else switch.seconds


def matching(call: Call, query: str) -> list[Issue]:
    found, repositories = terms(query), visible(call)
    check_scope(found, repositories)
    cutoff = call.now - lag(call)
    everything = (issue for repository in repositories for issue in repository.issues.values())
    indexed = ((issue, issue.seen_by_index(cutoff)) for issue in everything if not issue.deleted and not issue.moved_to)
    return [issue for issue, shot in indexed if shot is not None and meets(issue, shot, found)]


async def search_issues(call: Call) -> Answer:
    found = matching(call, needed_query(call))
    key = SORTS.get(call.query.get("sort", ""), SORTS["created"])
    found.sort(key=key, reverse=call.query.get("order", "desc") != "asc")
    headers, page = headers_and_items(call.links.api + call.path, call.query, found[:MAX_RESULTS])
    items = [{**issue_view.issue(call.links, issue), "score": 1.0} for issue in page]
    return Answer(200, {"total_count": len(found), "incomplete_results": False, "items": items}, headers)


async def search_repositories(call: Call) -> Answer:
    words = [term for term in terms(needed_query(call)) if term.name not in QUALIFIERS]
    found = [each for each in visible(call) if all(term.value.lower() in each.full_name.lower() for term in words)]
    items = [{**repository_view.full(call.links, each, call.role_in(each)), "score": 1.0} for each in found]
    return Answer(200, {"total_count": len(items), "incomplete_results": False, "items": items})


async def search_users(call: Call) -> Answer:
    words = [term.value.lower() for term in terms(needed_query(call)) if not term.name]
    users = [user for user in call.world.users.values() if all(word in user.login.lower() for word in words)]
    items = [{**people.user(call.links, user), "score": 1.0} for user in users]
    return Answer(200, {"total_count": len(items), "incomplete_results": False, "items": items})


top = [
    Route("GET", "/search/issues", search_issues),
    Route("GET", "/search/repositories", search_repositories),
    Route("GET", "/search/users", search_users),
]
