"""Issues: list, create, read, edit, lock."""

from __future__ import annotations

from node.demo.github.acts import assignees, issues, labels
from node.demo.github.acts.pulls import reopen_pull
from node.demo.github.api.listing import listed, wanted_list
from node.demo.github.api.lookup import issue_by_id, need_issues, the_issue
from node.demo.github.model.issues import STATE_REASONS, Issue
from node.demo.github.model.users import at_least
from node.demo.github.view import issue as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created, nothing
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, invalid
from node.demo.github.wire.routing import Route

AREAS = ("issues", "pull_requests")


async def list_issues(call: Call) -> Answer:
    need_issues(call)
    hidden = call.world.switches.lag("FLT-04", call.path)
    found = listed(call.repository, wanted_list(call), call.now - hidden if hidden else None)
    answer = call.many(found, lambda issue: view.issue(call.links, issue))
    insert_between_pages(call)
    return answer


def insert_between_pages(call: Call) -> None:
    """The PAG-01 switch: someone opens an issue while the client is on its way to the next page."""
    if call.world.switches.take("PAG-01", call.method, call.path):
        author = call.world.user("alice")
        issues.open_issue(call.world, call.repository, author, "Opened between two pages", None, call.now)


async def create(call: Call) -> Answer:
    need_issues(call)
    check_access(call)
    body, world, repository, user = call.fields, call.world, call.repository, call.user
    title, text = fields.needed(body, "title"), fields.text(body, "body")
    wanted, people = fields.named(body, "labels") or [], fields.texts(body, "assignees") or []
    # Without push access these are dropped without a word.
    full = call.may("write", "issues")
    users = assignees.required(world, repository, people, call.installation) if full else []
    for name in wanted if full else []:
        labels.check(name, None, None)
    issue = issues.open_issue(world, repository, user, title, text, call.now)
    if full:
        issues.add_labels(world, issue, user, call.now, wanted)
        assignees.assign(world, issue, user, call.now, users)
        issue.type = fields.text(body, "type")
    issues.announce(world, issue, "opened", user)
    return created(view.full_issue(call.links, issue))


def check_access(call: Call) -> None:
    """Comes before the body is checked. A token that only reads may still open an issue, if it brings one."""
    token = call.token
    if token is None or token.permissions is None:
        return
    if not token.allows("issues", "read" if call.fields.get("title") else "write"):
        raise Problem(403, token.refusal)


async def read(call: Call) -> Answer:
    return Answer(200, view.full_issue(call.links, the_issue(call)))


async def edit(call: Call) -> Answer:
    """Everything is checked before anything is changed; fields that are absent stay as they are."""
    issue, body = the_issue(call), call.fields
    full = call.may("triage", *AREAS)
    if not full and (issue.author != call.user or not call.may("read", *AREAS)):
        call.need("triage", *AREAS)
    title, text = fields.text(body, "title"), fields.text(body, "body")
    state = wanted_state(body)
    wanted, people = fields.named(body, "labels"), fields.texts(body, "assignees")
    if title is not None:
        issues.check_title(title)
    issues.check_body("Issue", text or "")
    for name in wanted or []:
        labels.check(name, None, None)
    change_text(call, issue, title, text)
    if full:
        change_sets(call, issue, wanted, people)
    await change_state(call, issue, state)
    return Answer(200, view.full_issue(call.links, issue))


def wanted_state(body: dict[str, object]) -> str | None:
    state, reason = fields.text(body, "state"), fields.text(body, "state_reason")
    if state not in (None, "open", "closed"):
        raise invalid("Issue", "state", "invalid")
    if reason is not None and reason not in STATE_REASONS:
        raise invalid("Issue", "state_reason", "invalid")
    if state == "closed" and reason == "reopened":
        raise invalid("Issue", "state_reason", "invalid")
    return state


def change_text(call: Call, issue: Issue, title: str | None, text: str | None) -> None:
    # An explicit null empties the body.
    if "body" in call.fields and text is None:
        text = ""
    if title is not None or text is not None:
        issues.edit(call.world, issue, call.user, call.now, title, text)


def change_sets(call: Call, issue: Issue, wanted: list[str] | None, people: list[str] | None) -> None:
    if people is not None:
        users = assignees.required(call.world, call.repository, people, call.installation)
        assignees.replace(call.world, issue, call.user, call.now, users)
    if wanted is not None:
        issues.set_labels(call.world, issue, call.user, call.now, wanted)
    if "type" in call.fields:
        issue.type = fields.text(call.fields, "type")


async def change_state(call: Call, issue: Issue, state: str | None) -> None:
    """`state_reason` counts only together with `state`."""
    reason, canonical_id = call.fields.get("state_reason"), fields.number(call.fields, "duplicate_issue_id")
    if state == "closed":
        canonical = None if canonical_id is None else issue_by_id(call, canonical_id)
        if canonical_id is not None and (canonical is None or canonical is issue):
            raise invalid("Issue", "duplicate_issue_id", "invalid")
        issues.close(call.world, issue, call.user, call.now, reason, canonical)
    elif state == "open" and issue.pull is not None:
        await reopen_pull(call.world, issue, call.user, call.now)
    elif state == "open":
        issues.reopen(call.world, issue, call.user, call.now)


async def lock(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("write", *AREAS)
    issues.lock(call.world, issue, call.user, call.now, fields.text(call.fields, "lock_reason"))
    return nothing()


async def unlock(call: Call) -> Answer:
    issue = the_issue(call)
    call.need("write", *AREAS)
    issues.unlock(call.world, issue, call.user, call.now)
    return nothing()


async def events(call: Call) -> Answer:
    issue = the_issue(call)
    return call.many(issue.events, lambda event: view.event(call.links, issue, event))


async def own_issues(call: Call) -> Answer:
    """GET /issues: what is assigned to the asker, anywhere."""
    repositories = [each for each in call.world.repositories.values() if at_least(call.role_in(each), "read")]
    everything = [issue for each in repositories for issue in listed(each, wanted_list(call), None)]
    return call.many(
        [issue for issue in everything if call.user in issue.assignees], lambda i: view.issue(call.links, i)
    )


top = [Route("GET", "/issues", own_issues)]
routes = [
    Route("GET", "/issues", list_issues),
    Route("POST", "/issues", create),
    Route("GET", "/issues/{number:int}", read),
    Route("PATCH", "/issues/{number:int}", edit),
    Route("PUT", "/issues/{number:int}/lock", lock),
    Route("DELETE", "/issues/{number:int}/lock", unlock),
    Route("GET", "/issues/{number:int}/events", events),
    Route("GET", "/issues/{number:int}/timeline", events),
]
