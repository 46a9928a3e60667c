"""Up to 64 tallies of one origin and window: the one unit of merging, storing, gossip and sync.

Only its origin writes a page, and signs it; whoever holds it may pass it on, nobody can forge or alter it. Of two
versions the one with the higher sequence number wins (ties, which an honest origin never makes, by hash), so merging
is commutative, associative and idempotent, and repeated, late and re-ordered delivery change nothing.

The body is kept as bytes: what was signed is what is stored and passed on, even when a later version of this program
put fields into it that this one does not know.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from aggregator.brief import brief
from aggregator.tally import Renamed, Tally
from aggregator.unreadable import UNREADABLE

TALLIES = 64  # in one page
FULL_BYTES = (
    12 * 1024
)  # a page takes no new signature beyond this, so that it fits one gossip message with room to grow
BODY_BYTES = 128 * 1024  # no page of an honest origin reaches it
PAGES = 128  # of one origin and window: 8,192 signatures
RUN_CHARS = 16
CONTEXT = b"error-aggregator page 1\0"


class Origin(NamedTuple):
    """One run of one node. `run` is drawn at every start, so no counter is ever continued."""

    peer: str
    run: str


class PageKey(NamedTuple):
    origin: Origin
    window: int  # its start, Unix seconds
    number: int  # 0 to PAGES - 1


class Page(msgspec.Struct, frozen=True, array_like=True):
    """One version of one page. `signature` is empty only at its origin, before the page is first sent."""

    key: PageKey
    sequence: int
    body: bytes
    signature: bytes = b""

    def rank(self) -> tuple[int, bytes]:
        """What decides between two versions."""
        return self.sequence, hashlib.sha256(self.body + self.signature).digest()


class BadPage(ValueError):
    """A page that is refused; the text says why."""


Verifier = Callable[[str, bytes, bytes], bool]  # (peer id, message, signature)


def newer(theirs: Page, ours: Page | None) -> bool:
    """Whether `theirs` replaces `ours`: the whole merge rule."""
    return ours is None or theirs.rank() > ours.rank()


def message_to_sign(page: Page, fleet: bytes, length: int) -> bytes:
    """The bytes an origin signs: what the page is, in which fleet, of what length its windows are, and what it says."""
    return CONTEXT + msgspec.msgpack.encode((fleet, length, page.key, page.sequence)) + page.body


def write_body(tallies: list[Tally]) -> bytes:
    return msgspec.msgpack.encode(tallies)


_bodies = msgspec.msgpack.Decoder(list[Tally])
_later_bodies = msgspec.msgpack.Decoder(list[Renamed])
FIRST = ("s1-", "o1-")  # names of the first version: there was none before


def read_body(body: bytes) -> list[Tally]:
    """The tallies in `body`. Raises `BadPage`."""
    if len(body) > BODY_BYTES:
        raise BadPage(f"body has {len(body)} bytes: at most {BODY_BYTES}")
    try:
        tallies = _bodies.decode(body)
        if not all(tally.signature.startswith(FIRST) for tally in tallies):
            tallies = [tally if tally.formerly else _plain(tally) for tally in _later_bodies.decode(body)]
    except UNREADABLE as error:
        raise BadPage(brief(f"body: {error}")) from None
    if len(tallies) > TALLIES:
        raise BadPage(f"{len(tallies)} tallies: at most {TALLIES}")
    if len({t.signature for t in tallies}) != len(tallies):
        raise BadPage("a signature stands in it twice")
    if not all(t.valid() for t in tallies):
        raise BadPage("a tally is out of range")
    return tallies


def _plain(tally: Renamed) -> Tally:
    return Tally(*msgspec.structs.astuple(tally)[:-1])


def check(page: Page, fleet: bytes, length: int, verify: Verifier) -> list[Tally]:
    """The tallies of a page that came from outside. Raises `BadPage` unless all of it is in order."""
    if not 0 <= page.key.number < PAGES:
        raise BadPage(f"page number {page.key.number}: expected 0 to {PAGES - 1}")
    if page.key.window % length or page.key.window < 0:
        raise BadPage(f"window {page.key.window} is no window of {length} s")
    if not 1 <= page.sequence < 2**53:
        raise BadPage(f"sequence {page.sequence} is out of range")
    if len(page.key.origin.run) != RUN_CHARS or not 0 < len(page.key.origin.peer) <= 128:
        raise BadPage("origin is malformed")
    tallies = read_body(page.body)
    if not verify(page.key.origin.peer, message_to_sign(page, fleet, length), page.signature):
        raise BadPage(f"its signature is not by its origin, for windows of {length} s")
    return tallies
