"""Windows: the 15 minutes (or what the fleet agreed on) that a count belongs to, named by their start second."""

DEFAULT_LENGTH = 15 * 60  # seconds; a fact of the fleet
FUTURE = 60 * 60  # seconds that a window may lie ahead of our clock before it is deferred


def window_at(now: float, length: int) -> int:
    """The start second of the window that `now` (Unix seconds) lies in."""
    return int(now // length) * length


def horizon_at(now: float, lookback: float, length: int) -> int:
    """The oldest window that still counts: everything at or above it is within `lookback` seconds of `now`."""
    return window_at(now - lookback, length)
