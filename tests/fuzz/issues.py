"""What is read back from GitHub: bodies that people edit, and the messages of claims' commits."""

from aggregator.filing import marker
from aggregator.filing.claim import Claim, read_claim
from aggregator.status import Status, read_status, replace_status, status_block

KEY = b"k" * 32
STATUS = Status(
    count=5, ever=7, first=1.0, last=2.5, severity=1, nodes=2, services={"a b-c": 3, "": 1}, releases={"1,2:3": 1}
)
CLAIM = Claim(
    repository="a/b", root="s1-0", nonce="n", node="p", login="bot", attempt=1, state="creating", floor=3, at=1.5
)


def body(data: bytes) -> None:
    text = data.decode(errors="replace")
    found = read_status(text)
    new = replace_status(text, found or STATUS)
    assert new == text or read_status(new) == (found or STATUS)
    if found:
        assert read_status(status_block(found)) == found
        assert replace_status(new, found) == new
    marker.read_issue_marker(KEY, text)
    marker.has_marker(text)
    marker.events_in(KEY, text)


def claim(data: bytes) -> None:
    found = read_claim(data.decode(errors="replace"), "sha")
    if found:
        assert read_claim(found.message(), "sha") == found


BODIES = (
    status_block(STATUS).encode(),
    b"words\n\n" + status_block(STATUS).encode() + b"\nmore\n" + marker.issue_marker(KEY, "a/b", "s1-0", 1).encode(),
    marker.event_marker(KEY, "reopened:3").encode(),
)
CLAIMS = (CLAIM.message().encode(), CLAIM.filed(3, 2.0).message().encode())
