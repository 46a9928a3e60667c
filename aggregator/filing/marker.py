"""Hidden marks in issue and comment bodies by which this fleet knows its own.

A marker counts only with its HMAC under the fleet's marker key, so nobody can make an issue pass for ours by copying a
line into it, and text from an error cannot forge one. Humans may edit everything around it.
"""

import hashlib
import hmac
import re

_ISSUE = re.compile(r"<!-- error-aggregator:1 repository=(\S+) root=(\S+) generation=(\d+) mac=([0-9a-f]{32}) -->")
_EVENT = re.compile(r"<!-- error-aggregator-event:1 (\S+) mac=([0-9a-f]{32}) -->")


def issue_marker(key: bytes, repository: str, root: str, generation: int) -> str:
    """The line that makes an issue the one about `root`."""
    mac = _mac(key, "issue", repository.lower(), root, str(generation))
    return f"<!-- error-aggregator:1 repository={repository} root={root} generation={generation} mac={mac} -->"


def read_issue_marker(key: bytes, body: str) -> tuple[str, int] | None:
    """(root, generation) of the first genuine marker in `body`; None where there is none."""
    for repository, root, generation, mac in _ISSUE.findall(body):
        if hmac.compare_digest(mac, _mac(key, "issue", repository.lower(), root, generation)):
            return root, int(generation)
    return None


def has_marker(body: str) -> bool:
    """Whether there is any issue marker at all, whoever's key it was made with."""
    return _ISSUE.search(body) is not None


def event_marker(key: bytes, event: str) -> str:
    """The line that makes a comment the one about `event` (no white space), so that it is made once."""
    return f"<!-- error-aggregator-event:1 {event} mac={_mac(key, 'event', event)} -->"


def has_event(key: bytes, body: str, event: str) -> bool:
    """Whether `body` carries the genuine marker of `event`."""
    return event in events_in(key, body)


def events_in(key: bytes, body: str) -> set[str]:
    """The events whose genuine markers `body` carries."""
    return {event for event, mac in _EVENT.findall(body) if hmac.compare_digest(mac, _mac(key, "event", event))}


def _mac(key: bytes, *parts: str) -> str:
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:32]
