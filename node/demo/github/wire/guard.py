"""What stands between a request and its handler: limits, then the repository and the state it is in."""

from __future__ import annotations

from node.demo.github.model.repositories import Repository
from node.demo.github.model.users import at_least
from node.demo.github.wire.auth import account_of
from node.demo.github.wire.call import Call
from node.demo.github.wire.limits import CONTENT_PER_HOUR, CONTENT_PER_MINUTE, creates_content, resource_of
from node.demo.github.wire.problem import Problem, not_found, unauthenticated
from node.demo.github.wire.routing import NAMED, NUMBERED, Route

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
READS = ("GET", "HEAD")
GIT_FOLDERS = ("/git/", "/commits", "/branches", "/compare/", "/contents")


def check_limits(call: Call) -> None:
    """Charge the request; refuse it when a limit or a switch says so. What is refused has done nothing."""
    if call.path == "/rate_limit":
        return
    world, resource, account = call.world, resource_of(call.path), account_of(call.token)
    bucket = world.limits.bucket(account, resource, call.now)
    switched = world.switches.take("RTE-01", call.method, call.path)
    if switched is not None:
        raise primary(call, int(switched.options.get("status", 403)), bucket.limit, call.now + (switched.seconds or 60))
    strict = resource in world.limits.strict
    if resource != "core" and world.switches.look("RTE-04", call.method, call.path):
        strict = True
    if strict and bucket.remaining == 0:
        raise primary(call, 403, bucket.limit, bucket.reset)
    check_secondary(call, account)
    world.limits.charge(account, resource, call.now)


def primary(call: Call, status: int, limit: int, reset: float) -> Problem:
    who = f"user ID {call.token.user.id}" if call.token else "127.0.0.1"
    values = {"remaining": 0, "used": limit, "reset": int(reset)}
    headers = {f"x-ratelimit-{name}": str(value) for name, value in values.items()}
    return Problem(status, f"API rate limit exceeded for {who}.", headers=headers)


def check_secondary(call: Call, account: str) -> None:
    switched = call.world.switches.take("RTE-02", call.method, call.path)
    if switched is not None:
        wait = switched.options.get("retry_after", switched.seconds)
        raise secondary(int(switched.options.get("status", 403)), wait)
    standing = call.world.switches.look("RTE-03", call.method, call.path)
    if not creates_content(call.method, call.path) or not (standing or "content" in call.world.limits.strict):
        return
    options = standing.options if standing else {}
    per_minute = int(options.get("per_minute", CONTENT_PER_MINUTE))
    per_hour = int(options.get("per_hour", CONTENT_PER_HOUR))
    wait = call.world.limits.allow_content(account, call.now, per_minute, per_hour)
    if wait is not None:
        raise secondary(403, wait)


def secondary(status: int, wait: float | None) -> Problem:
    headers = {} if wait is None else {"Retry-After": str(max(1, int(wait + 0.999)))}
    return Problem(status, SECONDARY, headers=headers)


def find_repository(call: Call, route: Route) -> Repository | None:
    """The repository of the path. Raises 404 when the asker may not see it, 301 when it has another name now."""
    if not route.path.startswith((NAMED, NUMBERED)):
        return None
    if "repository_id" in call.params:
        return visible(call, call.world.repository_by_id(call.params.pop("repository_id")))
    full_name = f"{call.params.pop('owner')}/{call.params.pop('repo')}"
    moved = call.world.renamed.get(full_name.lower())
    if moved is not None:
        raise redirect(call, visible(call, call.world.repository_by_id(moved)), full_name)
    return visible(call, call.world.repository(full_name))


def visible(call: Call, repository: Repository | None) -> Repository:
    if repository is None or not at_least(call.role_in(repository), "read"):
        raise not_found()
    return repository


def redirect(call: Call, repository: Repository, old: str) -> Problem:
    rest = call.path[len(f"/repos/{old}") :]
    question = "?" + "&".join(f"{name}={value}" for name, value in call.query.items()) if call.query else ""
    location = f"{call.links.api}/repositories/{repository.id}{rest}{question}"
    switch = call.world.switches.look("STA-03", call.method, call.path)
    status = int(switch.options.get("status", 301)) if switch else 301
    return Problem(status, "Moved Permanently", headers={"Location": location}, extra={"url": location})


def check_state(call: Call, route: Route, repository: Repository) -> None:
    """Refuse what the state of the repository forbids: archived, or without any commit."""
    if call.method not in READS and call.token is None:
        raise unauthenticated()
    archived = repository.archived or call.world.switches.look("STA-04", call.method, call.path)
    if archived and call.method not in READS and not route.when_archived:
        raise Problem(403, "Repository was archived so is read-only.")
    empty = repository.empty or call.world.switches.look("STA-02", call.method, call.path)
    if empty and route.below_repository.startswith(GIT_FOLDERS) and not route.when_empty:
        raise Problem(409, "Git Repository is empty.")
