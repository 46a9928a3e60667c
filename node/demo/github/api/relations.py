"""Sub-issues (one parent each, named by database id) and blocking dependencies.

Which issue is answered follows PyGithub's reading: calls on a sub-issue answer that one, calls on a blocker answer the
blocked issue."""

from __future__ import annotations

from node.demo.github.acts import issues
from node.demo.github.api.lookup import issue_by_id, the_issue
from node.demo.github.model.issues import Issue
from node.demo.github.view import issue as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, not_found
from node.demo.github.wire.routing import Route

NOT_THAT_ID = "The provided sub-issue does not exist"
MAX_CHILDREN = 100
TWO_PARENTS = "An error occurred while adding the sub-issue to the parent issue. Issue may only have one parent"


def named(call: Call, name: str) -> Issue:
    found = issue_by_id(call, fields.needed_number(call.fields, name))
    if found is None:
        raise not_found()
    return found


async def list_children(call: Call) -> Answer:
    return call.many(the_issue(call).children, lambda issue: view.issue(call.links, issue))


async def parent(call: Call) -> Answer:
    found = the_issue(call).parent
    if found is None:
        raise not_found()
    return Answer(200, view.full_issue(call.links, found))


def ancestors(issue: Issue) -> list[Issue]:
    return [issue] if issue.parent is None else [issue, *ancestors(issue.parent)]


async def add_child(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", "issues")
    child = named(call, "sub_issue_id")
    if any(child is above for above in ancestors(issue)):
        raise Problem(422, "An issue cannot be its own sub-issue")
    if child.parent is not None and not fields.flag(call.fields, "replace_parent", False):
        raise Problem(422, TWO_PARENTS)
    if len(issue.children) >= MAX_CHILDREN:
        raise Problem(422, f"Parent cannot have more than {MAX_CHILDREN} sub-issues")
    detach(child)
    child.parent = issue
    issue.children.append(child)
    issues.touched(call.world, issue, call.now, call.user, "sub_issue_added")
    return created(view.full_issue(call.links, child))


def detach(child: Issue) -> None:
    if child.parent is not None:
        child.parent.children = [each for each in child.parent.children if each is not child]
    child.parent = None


async def remove_child(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", "issues")
    child = named(call, "sub_issue_id")
    if child.parent is not issue:
        raise not_found()
    detach(child)
    return Answer(200, view.full_issue(call.links, child))


async def prioritise(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", "issues")
    child = named(call, "sub_issue_id")
    after, before = fields.number(call.fields, "after_id"), fields.number(call.fields, "before_id")
    others = [each for each in issue.children if each is not child]
    places = [place for place, each in enumerate(others) if each.id in (after, before)]
    if child.parent is not issue or not places:
        raise Problem(422, NOT_THAT_ID)
    others.insert(places[0] + (after is not None), child)
    issue.children = others
    return Answer(200, view.full_issue(call.links, child))


async def list_blockers(call: Call) -> Answer:
    return call.many(the_issue(call).blocked_by, lambda issue: view.issue(call.links, issue))


async def list_blocked(call: Call) -> Answer:
    return call.many(the_issue(call).blocking, lambda issue: view.issue(call.links, issue))


async def add_blocker(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", "issues")
    blocker = named(call, "issue_id")
    if blocker is issue or any(each is blocker for each in issue.blocked_by):
        raise Problem(422, "Target issue has already been taken")
    issue.blocked_by.append(blocker)
    blocker.blocking.append(issue)
    issues.touched(call.world, issue, call.now, call.user, "blocked_by_added")
    return created(view.full_issue(call.links, issue))


async def remove_blocker(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("triage", "issues")
    blocker = next((each for each in issue.blocked_by if each.id == call.params["issue_id"]), None)
    if blocker is None:
        raise not_found()
    issue.blocked_by = [each for each in issue.blocked_by if each is not blocker]
    blocker.blocking = [each for each in blocker.blocking if each is not issue]
    return Answer(200, view.full_issue(call.links, issue))


routes = [
    Route("GET", "/issues/{number:int}/sub_issues", list_children),
    Route("POST", "/issues/{number:int}/sub_issues", add_child),
    Route("DELETE", "/issues/{number:int}/sub_issue", remove_child),
    Route("PATCH", "/issues/{number:int}/sub_issues/priority", prioritise),
    Route("GET", "/issues/{number:int}/parent", parent),
    Route("GET", "/issues/{number:int}/dependencies/blocked_by", list_blockers),
    Route("POST", "/issues/{number:int}/dependencies/blocked_by", add_blocker),
    Route("DELETE", "/issues/{number:int}/dependencies/blocked_by/{issue_id:int}", remove_blocker),
    Route("GET", "/issues/{number:int}/dependencies/blocking", list_blocked),
]
