"""Whose request this is: the Authorization header in each of its forms."""

from __future__ import annotations

import base64
import binascii

from node.demo.github.model.tokens import Token
from node.demo.github.model.world import World
from node.demo.github.wire.problem import Problem


def credential(header: str) -> str:
    """The token in `token X`, `Bearer X` or `Basic base64(login:X)`; empty when it is none of these."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() in ("token", "bearer"):
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def authenticate(world: World, header: str | None) -> Token | None:
    """The token of the request, or None when it brings none. Raises 401 for one that is not known."""
    if header is None:
        return None
    value = credential(header)
    if value.count(".") == 2 and value.startswith("eyJ"):
        return None  # the signed statement of an app: only the endpoints for apps look at it
    token = world.tokens.get(value)
    if token is None:
        raise Problem(401, "Bad credentials")
    return token


def account_of(token: Token | None) -> str:
    """Who is charged: tokens of one person share a bucket, an installation has its own, strangers share one."""
    if token is None:
        return ""
    return f"installation:{token.user.login}" if token.kind == "installation" else token.user.login
