"""The key of this node: who it is to the others.

An Ed25519 key in the state directory, mode 0600, made at the first start. The peer id is libp2p's own form of the
public key (base58 of an identity multihash), so the id in a page is the id of the connection it came over, and whoever
has the id can check a signature.
"""

import os
from pathlib import Path

import base58
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32
PREFIX = bytes((0x00, 36, 0x08, 0x01, 0x12, KEY_BYTES))  # identity multihash of a libp2p PublicKey{Ed25519, 32 bytes}


class IdentityError(Exception):
    """The key cannot be used; the text says where, why, and after the last colon what to do."""


class Identity:
    """A private key and its peer id."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()
        self.peer = peer_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)

    def private_bytes(self) -> bytes:
        """The 32 bytes of the private key, for the libp2p host. Never log or send them."""
        return self._key.private_bytes_raw()

    def __repr__(self) -> str:
        return f"Identity({self.peer})"  # never the key


def load_or_make(path: Path, what: str = "node's key") -> Identity:
    """The identity kept at `path`; made and written there if there is none. Raises `IdentityError`."""
    try:
        return load(path, what)
    except FileNotFoundError:
        return _make(path, what)


def load(path: Path, what: str = "node's key") -> Identity:
    """The identity kept at `path`. Raises `FileNotFoundError` or `IdentityError`, which names it as `what`."""
    try:
        mode = path.stat().st_mode & 0o777
        data = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise IdentityError(f"{path}: the {what} cannot be read ({error.strerror}): check its owner") from None
    if mode & 0o077:
        raise IdentityError(f"{path}: others can read the {what} (mode {mode:04o}): chmod 600 it")
    if len(data) != KEY_BYTES:
        raise IdentityError(f"{path}: not a key of this program: restore it, or remove it to become a new node")
    return Identity(Ed25519PrivateKey.from_private_bytes(data))


def peer_id(public: bytes) -> str:
    """The peer id (`12D3KooW…`) of a raw Ed25519 public key."""
    return base58.b58encode(PREFIX + public).decode()


def public_key(peer: str) -> bytes:
    """The raw public key in a peer id. Raises `ValueError` when it is no Ed25519 id."""
    data = base58.b58decode(peer)
    if len(data) != len(PREFIX) + KEY_BYTES or not data.startswith(PREFIX):
        raise ValueError("not the peer id of an Ed25519 key")
    return data[len(PREFIX) :]


def verify(peer: str, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over `message` was made with the key of `peer`."""
    try:
        return verify_key(public_key(peer), message, signature)
    except ValueError:
        return False


def verify_key(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over `message` was made with the private half of the public `key`."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (ValueError, InvalidSignature):
        return False
    return True


def from_seed(seed: bytes) -> Identity:
    """The key whose private half are these 32 bytes."""
    return Identity(Ed25519PrivateKey.from_private_bytes(seed))


def _make(path: Path, what: str) -> Identity:
    """Written under a temporary name first: a crash leaves a whole key or none."""
    key = Ed25519PrivateKey.generate()
    new = path.with_name(path.name + ".new")
    try:
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key.private_bytes_raw())
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError as error:
        remedy = "check the directory's owner and space"
        raise IdentityError(f"{path}: the {what} cannot be written ({error.strerror}): {remedy}") from None
    return Identity(key)
