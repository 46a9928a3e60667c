"""Comments of issues and pull requests, oldest first."""

from __future__ import annotations

from node.demo.github.acts import issues
from node.demo.github.api.listing import since
from node.demo.github.api.lookup import the_issue
from node.demo.github.model.issues import Comment, Issue
from node.demo.github.view import issue as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created, nothing
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, not_found
from node.demo.github.wire.routing import Route

LOCKED = "Unable to create comment because issue is locked."


async def list_comments(call: Call) -> Answer:
    issue, oldest = the_issue(call), since(call)
    found = [comment for comment in issue.comments if oldest is None or int(comment.updated_at) >= oldest]
    return call.many(found, lambda comment: view.comment(call.links, issue, comment))


async def list_all(call: Call) -> Answer:
    """Comments of the whole repository."""
    oldest = since(call)
    pairs = [(issue, comment) for issue in call.repository.issues.values() for comment in issue.comments]
    found = [pair for pair in pairs if oldest is None or int(pair[1].updated_at) >= oldest]
    found.sort(key=lambda pair: pair[1].id, reverse=call.query.get("direction") == "desc")
    return call.many(found, lambda pair: view.comment(call.links, *pair))


async def create(call: Call) -> Answer:
    issue, body = the_issue(call), fields.needed(call.fields, "body")
    # Anyone who sees an issue may comment on it; a token that is confined must reach issues.
    call.need("read", "issues", "pull_requests")
    if issue.locked and not call.may("write"):
        raise Problem(403, LOCKED)
    return created(view.comment(call.links, issue, issues.comment(call.world, issue, call.user, call.now, body)))


def the_comment(call: Call) -> tuple[Issue, Comment]:
    found = call.repository.find_comment(call.params["comment_id"])
    if found is None or found[0].deleted:
        raise not_found()
    return found


def need_author(call: Call, comment: Comment) -> None:
    """Authors may change their own comments, writers all."""
    call.need("read" if comment.author == call.user else "write", "issues", "pull_requests")


async def read(call: Call) -> Answer:
    return Answer(200, view.comment(call.links, *the_comment(call)))


async def edit(call: Call) -> Answer:
    issue, comment = the_comment(call)
    need_author(call, comment)
    body = fields.needed(call.fields, "body")
    issues.check_comment(body)
    comment.body, comment.updated_at = body, call.now
    issues.touched(call.world, issue, call.now, call.user, "")
    issues.announce_comment(call.world, issue, comment, "edited", call.user)
    return Answer(200, view.comment(call.links, issue, comment))


async def delete(call: Call) -> Answer:
    issue, comment = the_comment(call)
    need_author(call, comment)
    issue.comments.remove(comment)
    issues.touched(call.world, issue, call.now, call.user, "")
    return nothing()


routes = [
    Route("GET", "/issues/comments", list_all),
    Route("GET", "/issues/comments/{comment_id:int}", read),
    Route("PATCH", "/issues/comments/{comment_id:int}", edit),
    Route("DELETE", "/issues/comments/{comment_id:int}", delete),
    Route("GET", "/issues/{number:int}/comments", list_comments),
    Route("POST", "/issues/{number:int}/comments", create),
]
