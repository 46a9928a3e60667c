"""The key of a node: made once, kept private, and understood by libp2p."""

from pathlib import Path

import pytest

from node.identity import IdentityError, load_or_make, public_key, verify


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first = load_or_make(path)
    assert load_or_make(path).peer == first.peer
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_who_has_the_peer_id_can_check_a_signature(tmp_path: Path) -> None:
    alice, bob = load_or_make(tmp_path / "alice"), load_or_make(tmp_path / "bob")
    signature = alice.sign(b"page")
    assert verify(alice.peer, b"page", signature)
    assert not verify(alice.peer, b"other page", signature)
    assert not verify(bob.peer, b"page", signature)
    assert not verify("not a peer id", b"page", signature)
    assert not verify(alice.peer, b"page", b"short")


def test_the_peer_id_is_the_one_that_libp2p_gives_the_same_key(tmp_path: Path) -> None:
    from libp2p.crypto.ed25519 import Ed25519PrivateKey
    from libp2p.peer.id import ID

    identity = load_or_make(tmp_path / "key")
    theirs = ID.from_pubkey(Ed25519PrivateKey.new(identity.private_bytes()).get_public_key())
    assert identity.peer == str(theirs)
    assert identity.peer.startswith("12D3KooW")
    assert len(public_key(identity.peer)) == 32


def test_a_key_that_others_can_read_or_that_is_none_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_or_make(path)
    path.chmod(0o644)
    with pytest.raises(IdentityError, match="chmod 600"):
        load_or_make(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(IdentityError, match="restore it"):
        load_or_make(path)


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    identity = load_or_make(tmp_path / "key")
    assert identity.private_bytes().hex() not in repr(identity)
