"""Reviews of a pull request, and who is asked for one."""

from __future__ import annotations

from node.demo.github.acts import issues
from node.demo.github.api.lookup import the_pull
from node.demo.github.model.pulls import Review
from node.demo.github.model.users import User
from node.demo.github.view import people
from node.demo.github.view import pull as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer
from node.demo.github.wire.call import Call, by_login
from node.demo.github.wire.problem import Problem, invalid, not_found
from node.demo.github.wire.routing import Route

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
OWN = "Review cannot be requested from pull request author."
STRANGER = "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the {} repository."  # noqa: E501


def reviewers(call: Call, logins: list[str], author: User) -> list[User]:
    """All of them, or 422: one bad name fails the whole call."""
    found: list[User] = []
    for login in logins:
        user = call.world.find_user(login)
        if user == author:
            raise Problem(422, OWN)
        if user is None or not call.repository.is_collaborator(user):
            raise Problem(422, STRANGER.format(call.repository.full_name))
        found.append(user)
    return found


async def asked(call: Call) -> Answer:
    pull = view.the_pull(the_pull(call))
    return Answer(200, {"users": [people.user(call.links, who) for who in pull.reviewers], "teams": []})


async def ask(call: Call) -> Answer:
    issue = the_pull(call)
    call.need("write", "pull_requests")
    pull = view.the_pull(issue)
    if fields.texts(call.fields, "team_reviewers"):
        raise Problem(422, STRANGER.format(call.repository.full_name))
    wanted = reviewers(call, fields.texts(call.fields, "reviewers") or [], issue.author)
    pull.reviewers += [user for user in wanted if user not in pull.reviewers]
    issues.touched(call.world, issue, call.now, call.user, "review_requested")
    return Answer(201, view.pull(call.links, issue))


async def withdraw(call: Call) -> Answer:
    issue = the_pull(call)
    call.need("write", "pull_requests")
    pull = view.the_pull(issue)
    gone = {login.lower() for login in fields.texts(call.fields, "reviewers") or []}
    pull.reviewers = [user for user in pull.reviewers if user.login.lower() not in gone]
    return Answer(200, view.pull(call.links, issue))


async def list_reviews(call: Call) -> Answer:
    issue = the_pull(call)
    return call.many(view.the_pull(issue).reviews, lambda review: view.review(call.links, issue, review))


async def create(call: Call) -> Answer:
    issue = the_pull(call)
    call.need("read", "pull_requests")
    pull, body = view.the_pull(issue), call.fields
    state = STATES.get(fields.text(body, "event") or "COMMENT")
    if state is None:
        raise invalid("PullRequestReview", "event", "invalid")
    if state != "COMMENTED" and call.user == issue.author:
        verb = "approve" if state == "APPROVED" else "request changes on"
        raise Problem(422, "Unprocessable Entity", [{"message": f"Can not {verb} your own pull request"}])
    review = Review(call.world.new_id(), call.user, fields.text(body, "body") or "", state, pull.head_sha, call.now)
    pull.reviews.append(review)
    pull.reviewers = [user for user in pull.reviewers if by_login([call.user], user.login) is None]
    issues.touched(call.world, issue, call.now, call.user, "reviewed")
    return Answer(200, view.review(call.links, issue, review))


async def read(call: Call) -> Answer:
    issue = the_pull(call)
    found = next((each for each in view.the_pull(issue).reviews if each.id == call.params["review_id"]), None)
    if found is None:
        raise not_found()
    return Answer(200, view.review(call.links, issue, found))


async def comments(call: Call) -> Answer:
    """Comments on lines of the diff: there are none."""
    the_pull(call)
    return Answer(200, [])


routes = [
    Route("GET", "/pulls/{number:int}/requested_reviewers", asked),
    Route("POST", "/pulls/{number:int}/requested_reviewers", ask),
    Route("DELETE", "/pulls/{number:int}/requested_reviewers", withdraw),
    Route("GET", "/pulls/{number:int}/reviews", list_reviews),
    Route("POST", "/pulls/{number:int}/reviews", create),
    Route("GET", "/pulls/{number:int}/reviews/{review_id:int}", read),
    Route("GET", "/pulls/{number:int}/comments", comments),
]
