"""What belongs to no repository: the asker, other users, the rate limit, the front page."""

from __future__ import annotations

from node.demo.github.model.users import COPILOT_ASSIGN_LOGIN
from node.demo.github.view import people
from node.demo.github.wire.answer import VERSIONS, Answer
from node.demo.github.wire.auth import account_of
from node.demo.github.wire.call import Call
from node.demo.github.wire.limits import DEFAULTS
from node.demo.github.wire.problem import Problem, not_found
from node.demo.github.wire.routing import Route

ISSUE_TYPES = ("Task", "Bug", "Feature")


async def front(call: Call) -> Answer:
    api = call.links.api
    return Answer(200, {
        "current_user_url": f"{api}/user",
        "issue_search_url": f"{api}/search/issues?q={{query}}{{&page,per_page,sort,order}}",
        "rate_limit_url": f"{api}/rate_limit",
        "repository_url": f"{api}/repos/{{owner}}/{{repo}}",
        "user_url": f"{api}/users/{{user}}",
    })  # fmt: skip


async def meta(call: Call) -> Answer:
    return Answer(200, {"verifiable_password_authentication": False, "hooks": ["127.0.0.0/8"]})


async def versions(call: Call) -> Answer:
    return Answer(200, list(VERSIONS))


async def own_user(call: Call) -> Answer:
    if call.installation:
        raise Problem(403, "Resource not accessible by integration")
    return Answer(200, people.full_user(call.links, call.user))


async def read_user(call: Call) -> Answer:
    login = call.params["login"]
    user = call.world.find_user("Copilot" if login.lower() == COPILOT_ASSIGN_LOGIN else login)
    if user is None:
        raise not_found()
    return Answer(200, people.full_user(call.links, user))


async def rate_limit(call: Call) -> Answer:
    """Not charged."""
    account = account_of(call.token)
    resources = {name: call.world.limits.bucket(account, name, call.now).values(name) for name in DEFAULTS}
    return Answer(200, {"resources": resources, "rate": resources["core"]})


async def issue_types(call: Call) -> Answer:
    owner = call.world.find_user(call.params["login"])
    if owner is None or owner.kind != "Organization":
        raise not_found()
    kinds = [{"id": place, "node_id": f"IT_{place}", "name": name, "description": None, "is_enabled": True}
             for place, name in enumerate(ISSUE_TYPES, 1)]  # fmt: skip
    return Answer(200, kinds)


top = [
    Route("GET", "/", front),
    Route("GET", "/meta", meta),
    Route("GET", "/versions", versions),
    Route("GET", "/user", own_user),
    Route("GET", "/users/{login}", read_user),
    Route("GET", "/orgs/{login}", read_user),
    Route("GET", "/orgs/{login}/issue-types", issue_types),
    Route("GET", "/rate_limit", rate_limit),
]
