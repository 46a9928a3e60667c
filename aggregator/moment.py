"""Moments as people and JSON read them: RFC 3339, UTC, whole seconds."""

from datetime import UTC, datetime

_LAST = 253_402_300_799  # seconds; the end of the year 9999, after which the calendar has no name for a moment


def rfc3339(seconds: float) -> str:
    """Unix `seconds` as `2026-07-01T12:00:00Z`; what lies outside the calendar is shown as its nearer end."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LAST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
