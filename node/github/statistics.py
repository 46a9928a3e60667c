"""What a client has done so far, for `status`, `doctor` and the metrics."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimit:
    """As GitHub said last."""

    resource: str  # core, search, graphql
    remaining: int
    limit: int
    reset: float  # Unix seconds on GitHub's clock


@dataclass(frozen=True)
class Statistics:
    """Counted since the client was made; the further tries of one read are not counted apart."""

    reads: int = 0
    unchanged: int = 0  # of these, answered 304, which costs nothing of the limit
    writes: int = 0
    not_sent: int = 0
    unsure: int = 0
    rejected: int = 0
    limits: tuple[RateLimit, ...] = ()
    waiting: float = 0.0  # seconds for which GitHub asked us to stay away still
