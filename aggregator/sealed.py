"""A sample as it goes from node to node: with its origin's word for it, whoever hands it on.

A tally names a sample before the record is redacted and its bytes are known, so its name cannot be their hash. Instead
the name says whose it is, and the origin signs name and bytes together: nobody else can answer with another record.
"""

import hashlib
from typing import Annotated

import msgspec

from aggregator.member import Sign, VerifyPeer
from aggregator.unreadable import UNREADABLE

CONTEXT = b"error-aggregator sample 1\0"
DRAWN_CHARS = 16  # of a name: what was drawn; then whose it is
OWNER_BYTES = 12
RECORD_BYTES = 256 * 1024

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """One record, with the signature of its origin."""

    peer: Text
    name: Text
    signature: Text  # of the error
    record: Annotated[bytes, msgspec.Meta(max_length=RECORD_BYTES)]  # MessagePack, redacted
    seal: Annotated[bytes, msgspec.Meta(max_length=64)] = b""

    def holds(self, fleet: bytes, verify: VerifyPeer) -> bool:
        """Whether the peer whose name it bears did say so."""
        return self.name[DRAWN_CHARS:] == owner(self.peer) and verify(self.peer, _signed(self, fleet), self.seal)


def owner(peer: str) -> str:
    """The end of the names of all samples of one peer."""
    return hashlib.sha256(peer.encode()).digest()[:OWNER_BYTES].hex()


def seal(sealed: Sealed, fleet: bytes, sign: Sign) -> Sealed:
    """The same with the signature; `sign` signs with the key of its peer."""
    return msgspec.structs.replace(sealed, seal=sign(_signed(sealed, fleet)))


def _signed(sealed: Sealed, fleet: bytes) -> bytes:
    return CONTEXT + msgspec.msgpack.encode((fleet, sealed.name, sealed.signature, sealed.record))


_decoder = msgspec.msgpack.Decoder(Sealed)


def read(data: bytes) -> Sealed | None:
    """None where it is none."""
    try:
        return _decoder.decode(data)
    except UNREADABLE:
        return None
