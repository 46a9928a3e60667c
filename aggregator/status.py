"""The status block of an issue: how often, since when, where; the one part of a body that we write again.

It opens with a hidden line that carries the numbers and closes with another; between them stands a table for people.
Reading goes by the hidden line alone, so that people may edit what they see; writing replaces the block and leaves
everything around it byte for byte, because the rest of the body belongs to whoever edited it last.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

import msgspec

from aggregator import limits
from aggregator.bundle import Bundle
from aggregator.inert import inline
from aggregator.moment import rfc3339
from aggregator.plural import plural
from aggregator.tally import MAX_COUNT, MAX_TIME

BODY_CHARS = 65_536  # of an issue or a comment: GitHub takes no more
NAMES = 10  # services, and releases, that a block names

_OPEN = "<!-- error-aggregator-status "
_CLOSE = "<!-- /error-aggregator-status -->"
_HEAD = re.compile(re.escape(_OPEN) + r"([^\r\n]*?) -->")
# The close must follow without another opening between them, else the words between two half blocks would be lost.
_BLOCK = re.compile(_HEAD.pattern + f"(?:(?!{re.escape(_OPEN)}).)*?" + re.escape(_CLOSE), re.DOTALL)

_FIELD = re.compile(r"(\w+)=(\S*)")


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a status block says. Times are Unix seconds."""

    count: int  # within the lookback, exact as of `as_of`
    ever: int  # as far as is known
    first: float
    last: float
    severity: int  # index into limits.SEVERITIES
    nodes: int
    services: Mapping[str, int] = {}
    releases: Mapping[str, int] = {}
    reopened: int = 0  # times
    updated: float = 0.0  # when the block was written
    as_of: float = 0.0  # the tick that it was counted at


def status_of(bundle: Bundle, now: float) -> Status:
    """What the block of `bundle`'s issue says when it is written at the tick `now`."""
    total = bundle.total
    return Status(
        count=total.count,
        ever=max(bundle.count_ever, total.count),
        first=total.first,
        last=total.last,
        severity=total.severity,
        nodes=len(total.nodes),
        services=_most(total.services),
        releases=_most(total.releases),
        updated=now,
        as_of=now,
    )


def needs_update(old: Status | None, new: Status, now: float, interval: float) -> bool:
    """Whether the issue should be written: its count has gained a digit, and it was not written within `interval` s."""
    if old is None:
        return True
    if abs(now - old.updated) < interval:  # either way: the clock that wrote it need not be ours
        return False
    return len(str(new.count)) > len(str(old.count))


def status_block(status: Status) -> str:
    """The block, without a line break at its end. Names in it are inert."""
    rows = (
        ("Occurrences", f"{status.count:,} in the lookback, {status.ever:,} known in all"),
        ("First seen", rfc3339(status.first)),
        ("Last seen", rfc3339(status.last)),
        ("Severity", limits.SEVERITIES[status.severity]),
        ("Nodes", f"{status.nodes:,}"),
        ("Services", _names(status.services)),
        ("Releases", _names(status.releases)),
        ("Reopened", plural(status.reopened, "time") if status.reopened else ""),
        ("As of", rfc3339(status.as_of)),
    )
    table = "\n".join(f"| {name} | {value} |" for name, value in rows if value)
    return f"{_OPEN}{_fields(status)} -->\n| Status | |\n|---|---|\n{table}\n\n{_CLOSE}"


def read_status(body: str) -> Status | None:
    """What the first block of `body` says; None where there is none that makes sense."""
    found = _find(body)
    if not found:
        return None
    text: str = found[1]
    fields: dict[str, str] = dict(_FIELD.findall(text))
    try:
        status = _read(fields)
    except (KeyError, ValueError, OverflowError):
        return None
    return status if _sound(status) else None


def replace_status(body: str, status: Status) -> str:
    """`body` with its block saying `status`; everything else byte for byte.

    A block that somebody removed is put at the end again. Where that leaves no room within GitHub's limit, `body`
    comes back as it is: a person's words go before our numbers.
    """
    block = status_block(status)
    found = _find(body)
    start, end = found.span() if found else (len(body), len(body))
    gap = "" if found or not body else "\n\n"
    new = body[:start] + gap + block + body[end:]
    return new if len(new) <= BODY_CHARS else body


def _find(body: str) -> re.Match[str] | None:
    """The first whole block, else the hidden line of one that lost its end."""
    return _BLOCK.search(body) or _HEAD.search(body)


def _fields(status: Status) -> str:
    plain = msgspec.structs.asdict(status) | {
        "services": _pack(status.services),
        "releases": _pack(status.releases),
    }
    return " ".join(f"{name}={value}" for name, value in plain.items())


def _read(fields: dict[str, str]) -> Status:
    return Status(
        count=int(fields["count"]),
        ever=int(fields["ever"]),
        first=float(fields["first"]),
        last=float(fields["last"]),
        severity=int(fields["severity"]),
        nodes=int(fields["nodes"]),
        services=_unpack(fields["services"]),
        releases=_unpack(fields["releases"]),
        reopened=int(fields["reopened"]),
        updated=float(fields["updated"]),
        as_of=float(fields["as_of"]),
    )


def _sound(status: Status) -> bool:
    counts = (status.count, status.ever, status.nodes, status.reopened)
    times = (status.first, status.last, status.updated, status.as_of)
    return (
        all(0 <= each <= MAX_COUNT for each in counts)
        and all(0 <= each < MAX_TIME for each in times)  # NaN is neither
        and 0 <= status.severity < len(limits.SEVERITIES)
    )


def _most(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:NAMES])


def _names(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{inline(name)} ({count:,})" for name, count in counts.items())


def _pack(counts: Mapping[str, int]) -> str:
    """Names as they survive in a comment: no white space, no hyphen (two would end the comment), no separators."""
    return ",".join(f"{_quote(name)}:{count}" for name, count in counts.items())


def _quote(name: str) -> str:
    return quote(name, safe="", errors="replace").replace("-", "%2D")


def _unpack(text: str) -> dict[str, int]:
    pairs = (pair.split(":") for pair in text.split(",") if pair)
    return {unquote(name): int(count) for name, count in pairs}
