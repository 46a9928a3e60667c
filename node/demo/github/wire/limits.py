"""Rate limits: counted always, enforced only when strict.

Each account has one bucket per resource (core, search, graphql) that fills up again an hour, or for search a minute,
after its first use. Content creation has two windows more, which only the RTE-03 switch or strict limits enforce."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

HOUR = 3600.0
MINUTE = 60.0
# resource -> (requests, seconds of the window)
DEFAULTS = {"core": (5_000, HOUR), "search": (30, MINUTE), "graphql": (5_000, HOUR)}
ANONYMOUS = {"core": (60, HOUR), "search": (10, MINUTE), "graphql": (0, HOUR)}
CONTENT_PER_MINUTE = 80
CONTENT_PER_HOUR = 500


@dataclass
class Bucket:
    limit: int
    window: float
    reset: float
    used: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def values(self, resource: str) -> dict[str, int | str]:
        return {
            "limit": self.limit,
            "used": self.used,
            "remaining": self.remaining,
            "reset": int(self.reset),
            "resource": resource,
        }


@dataclass
class Limits:
    strict: set[str] = field(default_factory=set[str])  # resources that refuse; "content" for the secondary limit
    overrides: dict[str, int] = field(default_factory=dict[str, int])
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict[tuple[str, str], Bucket])
    content: dict[str, deque[float]] = field(default_factory=dict[str, deque[float]])

    def bucket(self, account: str, resource: str, now: float) -> Bucket:
        key = (account, resource)
        limit, window = (DEFAULTS if account else ANONYMOUS)[resource]
        if key not in self.buckets or self.buckets[key].reset <= now:
            self.buckets[key] = Bucket(self.overrides.get(resource, limit), window, now + window)
        return self.buckets[key]

    def charge(self, account: str, resource: str, now: float, points: int = 1) -> None:
        self.bucket(account, resource, now).used += points

    def allow_content(self, account: str, now: float, per_minute: int, per_hour: int) -> float | None:
        """Count one content-creating call, or return the seconds to wait when it is one too many."""
        times = self.content.setdefault(account, deque())
        while times and times[0] <= now - HOUR:
            times.popleft()
        minute = [at for at in times if at > now - MINUTE]
        if len(minute) >= per_minute:
            return (minute[-per_minute] if per_minute else now) + MINUTE - now
        if len(times) >= per_hour:
            return (times[-per_hour] if per_hour else now) + HOUR - now
        times.append(now)
        return None

    def restart(self) -> None:
        """Forget all use, so that new limits hold from the next request on."""
        self.buckets.clear()
        self.content.clear()


def headers(bucket: Bucket, resource: str) -> dict[str, str]:
    return {f"x-ratelimit-{name}": str(value) for name, value in bucket.values(resource).items()}


def resource_of(path: str) -> str:
    if path.startswith("/search/"):
        return "search"
    return "graphql" if path == "/graphql" else "core"


def creates_content(method: str, path: str) -> bool:
    """Posts that make something people see. Git objects, refs, reruns and GraphQL are not counted."""
    if method != "POST" or not path.startswith(("/repos/", "/repositories/")):
        return False
    parts = path.split("/")[3:]
    return any(part in {"issues", "pulls", "comments", "labels"} for part in parts)
