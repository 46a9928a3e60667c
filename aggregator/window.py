"""Windows: the 15 minutes (or what the fleet agreed on) that a count belongs to, named by their start second."""

DEFAULT_LENGTH = 15 * 60  # seconds; a fact of the fleet
FUTURE = 60 * 60  # seconds that a window may lie ahead of our clock before it is deferred
CLOCK_ERROR = 2 * 60 * 60  # seconds by which a clock may be set wrong for a while without anything being forgotten


def window_at(now: float, length: int) -> int:
    """The start second of the window that `now` (Unix seconds) lies in."""
    return int(now // length) * length


def horizon_at(now: float, lookback: float, length: int) -> int:
    """The oldest window that still counts: everything at or above it is within `lookback` seconds of `now`."""
    return window_at(now - lookback, length)


def kept(lookback: float) -> float:
    """Seconds for which pages are kept: what a clock that is ahead takes for too old is still there when it is put
    right. At most twice the lookback, or else a short one would be paid for with hours of pages."""
    return lookback + min(CLOCK_ERROR, lookback)


def squeezed_horizon(now: float, lookback: float, length: int, windows: int, alone: int | None) -> int:
    """The horizon of a node that is short of room and gives up `windows` of what is kept.

    `alone`: the window of the oldest own page that no other node has; it is kept as long as any page is.
    """
    lowest = horizon_at(now, kept(lookback), length)
    squeezed = lowest + windows * length
    return squeezed if alone is None else max(lowest, min(squeezed, alone))
