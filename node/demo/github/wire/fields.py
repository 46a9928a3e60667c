"""Reading fields out of a JSON body: of the right type, or a 422 that names the field.

A field that is null counts as absent for everything but `given`."""

from __future__ import annotations

from typing import Any, cast

from node.demo.github.wire.problem import Problem, malformed


def mapping(body: Any) -> dict[str, Any]:
    """The body as an object; no body at all is an empty one."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise Problem(400, "Body should be a JSON object")
    return cast("dict[str, Any]", body)


def given(body: dict[str, Any], name: str) -> bool:
    return name in body


def wrong(name: str, value: Any, wanted: str) -> Problem:
    return malformed(f"For 'properties/{name}', {str(value)[:100]} is not {wanted}.")


def text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise wrong(name, value, "a string")


def needed(body: dict[str, Any], name: str) -> str:
    value = text(body, name)
    if value is None:
        raise malformed(f'"{name}" wasn\'t supplied.')
    return value


def flag(body: dict[str, Any], name: str, default: bool) -> bool:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise wrong(name, value, "a boolean")
    return value


def number(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise wrong(name, value, "an integer")


def needed_number(body: dict[str, Any], name: str) -> int:
    value = number(body, name)
    if value is None:
        raise malformed(f'"{name}" wasn\'t supplied.')
    return value


def items(body: dict[str, Any], name: str) -> list[Any] | None:
    value = body.get(name)
    if value is None or isinstance(value, list):
        return cast("list[Any] | None", value)
    raise wrong(name, value, "an array")


def objects(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = items(body, name) or []
    if not all(isinstance(item, dict) for item in found):
        raise wrong(name, found, "an array of objects")
    return found


def texts(body: dict[str, Any], name: str) -> list[str] | None:
    found = items(body, name)
    if found is not None and not all(isinstance(item, str) for item in found):
        raise wrong(name, found, "an array of strings")
    return found


def named(body: dict[str, Any], name: str) -> list[str] | None:
    """A list of names, each a string or an object with `name`, as labels may come."""
    found = items(body, name)
    return None if found is None else names(found)


def names(found: list[Any]) -> list[str]:
    plain = [cast("dict[str, Any]", item).get("name") if isinstance(item, dict) else item for item in found]
    if not all(isinstance(item, str) for item in plain):
        raise wrong("labels", plain, "an array of names")
    return cast("list[str]", plain)
