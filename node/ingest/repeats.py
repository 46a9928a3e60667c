"""What is known of errors that were seen before, so that a repeat costs a look-up and an addition.

A `Repeat` stands for one way in which an error is reported: same stack bytes, message, service and so on. It is found
by these, and gathers the occurrences of the batch that is growing. Only what was never seen is decoded whole and
signed.

The stack and long messages enter the key as 64-bit hashes under the process's own secret (SipHash), with their
lengths: nobody outside can make two stacks collide, and by chance it does not happen.

Bounded: two generations of at most `GENERATION` repeats. When the young one is full, the old one is forgotten; what is
forgotten is signed again.
"""

from collections.abc import Hashable
from typing import Protocol

from aggregator import limits
from aggregator.record import BadRecord, ErrorRecord, decode
from aggregator.redact import redact_text
from aggregator.tally import Seen
from node.ingest.sampling import Draw, Sampler
from node.ingest.wire import Sent

GENERATION = 8192  # repeats; as many as an origin has room for signatures in a window
LONG = 256  # characters of a message from which its hash stands for it


class Signed(Protocol):
    """What signing a record gives; the title is redacted."""

    @property
    def name(self) -> str: ...
    @property
    def root(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def kin(self) -> str: ...


class Naming(Protocol):
    """How records are named. See `aggregator.signature` and `aggregator.severity`."""

    def sign(self, record: ErrorRecord) -> Signed: ...
    def severity(self, record: ErrorRecord) -> str: ...


class Repeat:
    """One way in which an error is reported, and what the growing batch has of it."""

    __slots__ = (
        "batch",
        "count",
        "draw",
        "first",
        "kin",
        "last",
        "release",
        "root",
        "service",
        "severity",
        "signature",
        "title",
    )

    def __init__(self, signed: Signed, severity: int, service: str, release: str, draw: Draw) -> None:
        self.signature = signed.name
        self.root = signed.root
        self.kin = signed.kin
        self.title = signed.title
        self.severity = severity
        self.service = service
        self.release = release
        self.draw = draw
        self.batch = 0  # number of the batch that the next three belong to
        self.count = 0
        self.first = 0.0
        self.last = 0.0

    def seen(self) -> Seen:
        """What the batch has of it."""
        return Seen(
            signature=self.signature,
            root=self.root,
            title=self.title,
            kin=self.kin,
            count=self.count,
            first=self.first,
            last=self.last,
            severity=self.severity,
            service=self.service,
            release=self.release,
            samples=self.draw.ids,
        )


class Repeats:
    """All repeats that are remembered."""

    def __init__(self, naming: Naming, sampler: Sampler, service_default: str = "") -> None:
        self.signed = 0  # records that had to be decoded whole
        self._naming = naming
        self._sampler = sampler
        self._service = service_default
        self._young: dict[Hashable, Repeat] = {}
        self._old: dict[Hashable, Repeat] = {}

    def find(self, sent: Sent, frame: memoryview, json: bool) -> Repeat:
        """What `sent` is a repeat of; learnt from `frame` when it is the first. Raises `BadRecord`."""
        key = _key(sent)
        repeat = self._young.get(key)
        if repeat is None:
            repeat = self._old.get(key) or self._learn(sent, frame, json)
            self._keep(key, repeat)
        elif not 1 <= sent.count <= limits.COUNT:
            sent.check()  # says what is wrong
        return repeat

    def _learn(self, sent: Sent, frame: memoryview, json: bool) -> Repeat:
        self.signed += 1
        record = decode(frame, json=json)
        try:
            signed, judged = self._naming.sign(record), self._naming.severity(record)
        except Exception as error:  # a border: what one record says must not end the counting of all others
            raise BadRecord(f"naming failed: {type(error).__name__}") from error
        severity = limits.SEVERITIES.index(sent.severity or judged)
        draw = self._sampler.draw_of(signed.name)
        service, release = redact_text(sent.service or self._service), redact_text(sent.release)
        return Repeat(signed, severity, service, release, draw)

    def _keep(self, key: Hashable, repeat: Repeat) -> None:
        if len(self._young) >= GENERATION:
            self._old, self._young = self._young, {}
        self._young[key] = repeat


def _key(sent: Sent) -> Hashable:
    message = sent.message
    stack = bytes(sent.exceptions)
    return (
        message if len(message) <= LONG else (len(message), hash(message)),
        len(stack),
        hash(stack),
        hash(bytes(sent.messages)),
        sent.type,
        sent.service,
        sent.release,
        sent.severity,
        sent.handled,
        sent.ended,
        tuple(sent.fingerprint),
    )
