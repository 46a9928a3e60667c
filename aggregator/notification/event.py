"""One piece of news, and the notification that carries several.

All text is a person's to read and nobody's to obey: an error's own words are redacted and made inert, on one line each.
The field names are a promise: one may be added, none changes its meaning.
"""

from collections.abc import Iterable, Mapping

import msgspec

from aggregator import limits
from aggregator.inert import plain, truncate
from aggregator.plural import plural
from aggregator.redact import redact_text
from aggregator.tally import Total

FORMAT = 1
TITLE_BYTES = 300
TEXT_BYTES = 500
SERVICES = 3  # services that an event names at most

FIRST, REGRESSION, FILED, FAILURE, BREAKER, HUMAN = "first", "regression", "filed", "failure", "breaker", "human"
TEST = "test"  # asked for by an operator; not one of KINDS
KINDS: Mapping[str, str] = {
    FIRST: "an error occurred that was not known before",
    REGRESSION: "an error occurred again after its issue was closed",
    FILED: "an issue was created, or one that a person wrote was found and got the counts",
    FAILURE: "filing to a repository fails",
    BREAKER: "a limit holds back what is due: a cap of ours, GitHub's own, or the room for different errors",
    HUMAN: "an issue is left to a human",
}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of news. `text` says all of it in one line."""

    kind: str  # of KINDS, or "test"
    at: str  # RFC 3339, when this node came to know it
    text: str
    reason: str = ""  # name of the reason
    repository: str = ""
    number: int = 0  # of the issue; 0: none
    url: str = ""  # of the issue
    root: str = ""
    title: str = ""
    severity: str = ""
    count: int = 0  # occurrences within the lookback; of failure and breaker: roots that wait
    services: list[str] = []  # the most frequent


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """What a command reads and a webhook gets, as JSON."""

    text: str  # of all events, one a line: what a chat shows
    node: str  # peer id of who tells
    fleet: str  # its name; empty: the node is alone
    at: str  # RFC 3339
    events: list[Event]
    omitted: int = 0  # further events that found no room
    format: int = FORMAT


def notification(events: list[Event], omitted: int, node: str, fleet: str, at: str) -> Notification:
    lines = [each.text for each in events]
    if omitted:
        lines.append(f"and {omitted:,} more that found no room: see `aggregator errors`")
    return Notification(text="\n".join(lines), node=node, fleet=fleet, at=at, events=events, omitted=omitted)


def described(event: Event, total: Total | None) -> Event:
    """The event with what is known of its error, in words that do nothing."""
    if total is None:
        return event
    return msgspec.structs.replace(
        event,
        title=harmless(total.title, TITLE_BYTES),
        severity=limits.SEVERITIES[total.severity],
        count=total.count,
        services=[harmless(name, TITLE_BYTES) for name in most(total.services)],
    )


def line(said: str, event: Event) -> str:
    """What was `said` about an event, then the error and where to look, in one line for a person."""
    where = event.url or event.repository
    counted = plural(event.count, "time") if event.count else ""
    about = ", ".join(filter(None, [event.severity, counted, *event.services]))
    return ": ".join(filter(None, [said, f"{event.title} ({about})" if event.title else "", where]))


def most(services: Mapping[str, int]) -> Iterable[str]:
    return sorted(services, key=lambda name: (-services[name], name))[:SERVICES]


def harmless(text: str, size: int) -> str:
    """`text` without secrets, in one line that does nothing wherever it is shown."""
    return truncate(plain(redact_text(text)), size)
