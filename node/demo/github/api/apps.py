"""GitHub Apps: an app proves itself with a signed statement (JWT) and gets tokens for its installation, valid for
an hour."""

from __future__ import annotations

from typing import Any

import jwt

from node.demo.github.model.apps import App
from node.demo.github.model.tokens import LEVELS, Token, new_value
from node.demo.github.model.world import stamp
from node.demo.github.view import people
from node.demo.github.view import repository as repository_view
from node.demo.github.wire import fields
from node.demo.github.wire.answer import Answer
from node.demo.github.wire.auth import credential
from node.demo.github.wire.call import Call
from node.demo.github.wire.problem import Problem, not_found
from node.demo.github.wire.routing import Route

TOKEN_LIFE = 3600.0  # seconds
LONGEST_STATEMENT = 600  # seconds between iat and exp
UNDECODABLE = "A JSON web token could not be decoded"


def the_app(call: Call) -> App:
    """The app that signed the request. Raises 401 for a statement that is foreign, forged or out of date."""
    statement = credential(call.headers.get("authorization", ""))
    try:
        # Times are checked below, on the stand-in's own clock.
        issuer = jwt.decode(statement, options={"verify_signature": False}).get("iss")
        app = call.world.apps[int(str(issuer))]
        claims = jwt.decode(
            statement, app.public_key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
        )
        issued, expires = int(claims["iat"]), int(claims["exp"])
    except (jwt.PyJWTError, KeyError, ValueError) as error:
        raise Problem(401, UNDECODABLE) from error
    if not issued - 60 <= call.now < expires or expires - issued > LONGEST_STATEMENT + 60:
        raise Problem(401, "'Expiration time' claim ('exp') must be a numeric value in the near future")
    return app


def installation(call: Call, app: App) -> dict[str, Any]:
    own = f"{call.links.api}/app/installations/{app.installation_id}"
    return {
        "id": app.installation_id,
        "app_id": app.id,
        "app_slug": app.slug,
        "account": people.user(call.links, app.bot),
        "repository_selection": "selected",
        "access_tokens_url": f"{own}/access_tokens",
        "repositories_url": f"{call.links.api}/installation/repositories",
        "html_url": call.links.page("settings", "installations", app.installation_id),
        "permissions": app.permissions,
        "events": [],
        "target_type": "Organization",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "suspended_at": None,
    }


async def own_app(call: Call) -> Answer:
    app = the_app(call)
    owner = people.user(call.links, app.bot)
    shown = {"id": app.id, "slug": app.slug, "name": app.slug, "owner": owner, "node_id": f"A_{app.id}"}
    return Answer(
        200, {**shown, "permissions": app.permissions, "events": [], "html_url": call.links.page("apps", app.slug)}
    )


async def installations(call: Call) -> Answer:
    app = the_app(call)
    return Answer(200, [installation(call, app)])


async def of_repository(call: Call) -> Answer:
    app = the_app(call)
    if f"{call.params['owner']}/{call.params['repo']}".lower() not in app.repositories:
        raise not_found()
    return Answer(200, installation(call, app))


async def read_installation(call: Call) -> Answer:
    app = the_app(call)
    if app.installation_id != call.params["installation_id"]:
        raise not_found()
    return Answer(200, installation(call, app))


def confined(app: App, wanted: dict[str, Any]) -> dict[str, str]:
    """What the token may do: what was asked for, which the app must have itself."""
    for area, level in wanted.items():
        if level not in LEVELS or LEVELS.index(level) > LEVELS.index(app.permissions.get(area, "none")):
            raise Problem(422, "The permissions requested are not granted to this installation.")
    return {area: str(level) for area, level in wanted.items()} or app.permissions


async def create_token(call: Call) -> Answer:
    app = the_app(call)
    if app.installation_id != call.params["installation_id"]:
        raise not_found()
    permissions = confined(app, fields.mapping(call.fields.get("permissions")))
    token = Token(new_value("installation"), app.bot, "installation", permissions, app.repositories)
    call.world.add_token(token)
    found = (call.world.repository(name) for name in sorted(app.repositories))
    listed = [repository_view.full(call.links, each, "write") for each in found if each]
    expires = stamp(call.now + TOKEN_LIFE)
    shown = {"token": token.value, "expires_at": expires, "permissions": permissions}
    return Answer(201, {**shown, "repository_selection": "selected", "repositories": listed})


top = [
    Route("GET", "/app", own_app),
    Route("GET", "/app/installations", installations),
    Route("GET", "/app/installations/{installation_id:int}", read_installation),
    Route("POST", "/app/installations/{installation_id:int}/access_tokens", create_token),
    # Before the routes below a repository: an app sees no repository with its statement alone.
    Route("GET", "/repos/{owner}/{repo}/installation", of_repository),
]
