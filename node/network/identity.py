"""Who this node is: 32 secret bytes (an Ed25519 seed) in, libp2p's key pair and the peer id out."""

from dataclasses import dataclass, field

from libp2p.crypto.ed25519 import Ed25519PrivateKey
from libp2p.crypto.keys import KeyPair
from libp2p.peer.id import ID

from node.network.errors import NetworkError, Reason

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """A key pair and the name that follows from it."""

    peer_id: str
    keys: KeyPair = field(repr=False)


def identity_of(private_key: bytes) -> Identity:
    """The identity of a 32-byte Ed25519 seed. Raises NetworkError if it has another length."""
    if len(private_key) != SEED_BYTES:
        raise NetworkError(Reason.BAD_SETTING, f"the private key has {len(private_key)} bytes, expected {SEED_BYTES}")
    secret = Ed25519PrivateKey.new(private_key)
    keys = KeyPair(secret, secret.get_public_key())
    return Identity(str(ID.from_pubkey(keys.public_key)), keys)


def library_id(peer_id: str) -> ID:
    """The library's form of a peer id that was checked before."""
    return ID.from_base58(peer_id)
