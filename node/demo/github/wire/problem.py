"""Refusals: raised anywhere below a handler, answered in one place, always with `message` and `documentation_url`."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class Problem(Exception):
    """An answer that is not a success. `errors` are the details of a failed validation."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        errors = {} if self.errors is None else {"errors": self.errors}
        return {
            "message": self.message,
            **errors,
            **self.extra,
            "documentation_url": DOCUMENTATION,
            "status": str(self.status),
        }


def not_found() -> Problem:
    """Also what those get who may not know that the thing exists."""
    return Problem(404, "Not Found")


def unauthenticated() -> Problem:
    return Problem(401, "Requires authentication")


def invalid(resource: str, field: str, code: str, message: str | None = None, value: object = None) -> Problem:
    """422 Validation Failed with one entry in `errors`."""
    error: dict[str, Any] = {"resource": resource, "field": field, "code": code}
    if value is not None:
        error["value"] = value
    if message is not None:
        error["message"] = message
    return Problem(422, "Validation Failed", [error])


def malformed(text: str) -> Problem:
    """422 for a body that the schema refuses before anything is looked at."""
    return Problem(422, f"Invalid request.\n\n{text}")
