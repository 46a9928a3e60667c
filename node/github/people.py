"""What somebody may do in a repository.

GitHub tells it only to a token that may push. Where it does not, the association that stood beside something they wrote
there is taken: it is coarser, and a member of the organisation who may only read passes for one who may triage.
"""

from typing import NamedTuple
from urllib.parse import quote

import msgspec
from github import Github, UnknownObjectException
from github.Repository import Repository

from aggregator.filing.calls import MayTriage, MayWrite, Rejected
from node.github.hub import Hub
from node.github.wire import WirePermission


class Rights(NamedTuple):
    write: bool
    triage: bool


NONE = Rights(write=False, triage=False)
BY_ASSOCIATION = {
    "OWNER": Rights(write=True, triage=True),
    "COLLABORATOR": Rights(write=True, triage=True),
    "MEMBER": Rights(write=False, triage=True),
}


async def may_write(hub: Hub, call: MayWrite) -> bool:
    return (await _rights(hub, call.repository, call.login)).write


async def may_triage(hub: Hub, call: MayTriage) -> bool:
    return (await _rights(hub, call.repository, call.login)).triage


async def _rights(hub: Hub, name: str, login: str) -> Rights:
    if not login:
        return NONE
    repository = await hub.repositories.get(name)
    try:
        told = await hub.client.read(lambda g: _ask(g, repository, login))
    except Rejected:
        told = None
    return told or BY_ASSOCIATION.get(hub.association(name, login), NONE)


def _ask(g: Github, repository: Repository, login: str) -> Rights | None:
    """None: GitHub knows nobody of that name, as it is with apps."""
    url = f"{repository.url}/collaborators/{quote(login, safe='')}/permission"
    try:
        _, data = g.requester.requestJsonAndCheck("GET", url)
    except UnknownObjectException:
        return None
    told = msgspec.convert(data, WirePermission)
    write = told.permission in ("admin", "write")
    return Rights(write=write, triage=write or told.role_name == "triage")


async def own_login(hub: Hub) -> str:
    """Whom the token speaks for; of an app, its name with `[bot]`. GraphQL, for `GET /user` refuses apps."""
    return await hub.client.read(_viewer, resource="graphql")


def _viewer(g: Github) -> str:
    _, answer = g.requester.graphql_query("query { viewer { login } }", {})
    return msgspec.convert(answer["data"]["viewer"]["login"], str)
