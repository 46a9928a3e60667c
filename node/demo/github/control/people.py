"""Tokens, apps and collaborators."""

from __future__ import annotations

from typing import Any

from node.demo.github.control.ask import Ask, role_named
from node.demo.github.model.apps import App
from node.demo.github.model.tokens import KINDS, LEVELS, Token, all_areas, new_value
from node.demo.github.wire.fields import mapping
from node.demo.github.wire.problem import Problem


def permissions(ask: Ask, kind: str) -> dict[str, str] | None:
    """As given; a classic or OAuth token is as strong as its person, the others reach everything unless told
    otherwise."""
    given = ask.body.get("permissions")
    if given is None:
        return None if kind in ("classic", "oauth") else all_areas("write")
    wanted = {area: str(level) for area, level in mapping(given).items()}
    if not set(wanted.values()) <= set(LEVELS):
        raise Problem(422, f"permissions must map areas to one of {', '.join(LEVELS)}")
    return wanted


def repositories(ask: Ask, kind: str) -> frozenset[str] | None:
    given = ask.body.get("repositories")
    if given is None and kind != "installation":
        return None
    return frozenset(str(name).lower() for name in given or [ask.repository.full_name])


async def add_token(ask: Ask) -> Any:
    """A further token: {login, kind, permissions, permission, repositories}."""
    kind = str(ask.body.get("kind") or "classic")
    if kind not in KINDS:
        raise Problem(422, f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    login = str(ask.body.get("login") or ("error-aggregator[bot]" if kind == "installation" else "alice"))
    user = ask.world.user(login, "Bot" if login.endswith("[bot]") else "User")
    if ask.body.get("permission") is not None:
        ask.repository.roles[user.login.lower()] = role_named(str(ask.body["permission"]))
    value = str(ask.body.get("token") or new_value(kind))
    token = ask.world.add_token(Token(value, user, kind, permissions(ask, kind), repositories(ask, kind)))
    return {"token": token.value, "login": user.login, "kind": kind}


async def revoke_token(ask: Ask) -> Any:
    """From now on it is answered with 401 Bad credentials."""
    if ask.world.tokens.pop(str(ask.need("token")), None) is None:
        raise Problem(404, "There is no such token")
    return {"revoked": True}


async def add_app(ask: Ask) -> Any:
    """A GitHub App with its public key (PEM), installed on one repository."""
    slug = str(ask.body.get("slug") or "error-aggregator")
    bot = ask.world.user(f"{slug}[bot]", "Bot")
    granted = permissions(ask, "installation") or {}
    names = repositories(ask, "installation") or frozenset()
    app = App(ask.world.new_id(), slug, str(ask.need("public_key")), bot, ask.world.new_id(), granted, names)
    ask.world.apps[app.id] = app
    return {"app_id": app.id, "installation_id": app.installation_id, "login": bot.login}


async def set_collaborator(ask: Ask) -> Any:
    user, permission = ask.world.user(str(ask.need("login"))), str(ask.body.get("permission") or "push")
    if permission == "none":
        ask.repository.roles.pop(user.login.lower(), None)
    else:
        ask.repository.roles[user.login.lower()] = role_named(permission)
    return {"login": user.login, "role": ask.repository.role_of(user)}
