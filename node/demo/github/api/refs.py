"""Git references: the one place of the API where compare-and-swap is possible over REST.

A write plans (compares) and swaps under the repository's lock, so of racing writers exactly one wins. Reads are exact,
unless the FLT-05 switch makes them lag; writes never lag."""

from __future__ import annotations

from node.demo.github.acts import refs
from node.demo.github.git.refs import Change, plan_create, plan_delete, plan_update
from node.demo.github.git.store import Ref
from node.demo.github.view import git as view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer, created, nothing
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, not_found
from node.demo.github.wire.routing import Route


async def seen(call: Call, prefix: str) -> list[Ref]:
    """Refs whose name starts with `prefix`, as this read may see them."""
    found = await call.repository.git.refs(prefix)
    switch = call.world.switches.look("FLT-05", "GET", call.path)
    lag = call.world.switches.lag("FLT-05", call.path)
    if not lag or switch is None:
        return found
    cutoff = call.now - lag
    if switch.options.get("answer") == "404":
        fresh = {write.name for write in call.repository.ref_writes if write.at > cutoff}
        return [ref for ref in found if ref.name not in fresh]
    return refs.as_seen(call.repository, found, prefix, cutoff)


async def read(call: Call) -> Answer:
    name = f"refs/{call.params['ref']}"
    found = next((ref for ref in await seen(call, name) if ref.name == name), None)
    if found is None:
        raise not_found()
    return Answer(200, view.ref(call.links, call.repository, found))


async def matching(call: Call) -> Answer:
    """All of them: this list has no pages, unless the client asks for some."""
    found = await seen(call, f"refs/{call.params.get('ref', '')}")
    if "per_page" in call.query:
        return call.many(found, lambda ref: view.ref(call.links, call.repository, ref))
    return Answer(200, [view.ref(call.links, call.repository, ref) for ref in found])


async def list_refs(call: Call) -> Answer:
    """The older spelling: exact name or prefix, and 404 when nothing is there."""
    answer = await matching(call)
    if not answer.data and call.params.get("ref"):
        raise not_found()
    return answer


async def write(call: Call, change: Change, now: float) -> Ref:
    await refs.apply(call.world, call.repository, call.user, now, [change])
    sha = change.new or ""
    return Ref(change.name, sha, await call.repository.git.kind(sha) or "commit")


async def create(call: Call) -> Answer:
    call.need("write", "contents")
    name, sha = fields.needed(call.fields, "ref"), fields.needed(call.fields, "sha")
    async with call.repository.ref_lock:
        made = await write(call, await plan_create(call.repository.git, name, sha), call.world.now())
    return created(view.ref(call.links, call.repository, made))


async def update(call: Call) -> Answer:
    call.need("write", "contents")
    sha, force = fields.needed(call.fields, "sha"), fields.flag(call.fields, "force", False)
    async with call.repository.ref_lock:
        change = await plan_update(call.repository.git, f"refs/{call.params['ref']}", sha, force)
        made = await write(call, change, call.world.now())
    return Answer(200, view.ref(call.links, call.repository, made))


async def delete(call: Call) -> Answer:
    call.need("write", "contents")
    name = f"refs/{call.params['ref']}"
    async with call.repository.ref_lock:
        change = await plan_delete(call.repository.git, name)
        if name == f"refs/heads/{call.repository.default_branch}":
            raise Problem(422, "Cannot delete the default branch")
        await write(call, change, call.world.now())
    return nothing()


routes = [
    Route("GET", "/git/ref/{ref:path}", read),
    Route("GET", "/git/matching-refs", matching),
    Route("GET", "/git/matching-refs/{ref:path}", matching),
    Route("GET", "/git/refs", list_refs),
    Route("POST", "/git/refs", create),
    Route("GET", "/git/refs/{ref:path}", list_refs),
    Route("PATCH", "/git/refs/{ref:path}", update),
    Route("DELETE", "/git/refs/{ref:path}", delete),
]
