"""The fleet file: founded, joined, read back; whatever is wrong with it is named with its remedy."""

from pathlib import Path

import msgspec
import pytest

from aggregator.fleetkey import Keys, renew
from aggregator.invitation import Token
from aggregator.reason import Reason
from node import admission, fleet, markerkey
from node.fleet import FleetError, FleetFile
from node.identity import Identity, load_or_make
from tests.pure.people import ADDRESS

NOW = 1_800_000_000.0
HOUR = 3_600.0


def node(directory: Path) -> Identity:
    directory.mkdir(mode=0o700, exist_ok=True)
    return load_or_make(directory / fleet.NODE_KEY)


def founded(directory: Path, length: int = 900) -> FleetFile:
    return admission.found(directory, node(directory), "shop", length, NOW)


def joined(directory: Path, by: Path, uses: int = 1) -> FleetFile:
    line = admission.write_token(by, admission.own_fleet(by, node(by)), NOW + HOUR, uses, [f"{ADDRESS}/p2p/x"])
    return joins(directory, admission.read_token(line, lambda _: True), NOW + 60)


def joins(directory: Path, token: Token, now: float) -> FleetFile:
    return admission.join(directory, token, admission.asking(directory, node(directory), token, now), [], now)


def test_a_founder_is_a_member_of_its_own_fleet(tmp_path: Path) -> None:
    made, peer = founded(tmp_path, 300), node(tmp_path).peer
    assert fleet.load_fleet(tmp_path, peer) == made
    assert made.roster().why_not(peer, {}) is None
    assert made.length == 300
    assert len(made.psks(NOW)[0]) == 64
    for name in (fleet.NAME, fleet.KEY_NAME, markerkey.NAME):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_without_a_file_a_node_is_alone(tmp_path: Path) -> None:
    assert fleet.load_fleet(tmp_path, node(tmp_path).peer) is None
    with pytest.raises(FleetError, match="belongs to no fleet"):
        admission.own_fleet(tmp_path, node(tmp_path))


def test_who_joins_has_all_that_the_fleet_shares(tmp_path: Path) -> None:
    alice, bob = tmp_path / "alice", tmp_path / "bob"
    first = founded(alice, 300)
    second = joined(bob, alice)
    assert (second.id, second.length, second.network_keys, second.marker) == (
        first.id,
        first.length,
        first.network_keys,
        first.marker,
    )
    assert (bob / markerkey.NAME).read_bytes() == (alice / markerkey.NAME).read_bytes()
    assert first.roster().put(second.member) is Reason.NOT_LET_IN
    assert second.why_not() is None
    assert not (bob / fleet.KEY_NAME).exists()
    assert fleet.load_fleet(bob, node(bob).peer) == second


def test_only_who_has_the_fleet_key_can_invite(tmp_path: Path) -> None:
    alice, bob, carol = tmp_path / "alice", tmp_path / "bob", tmp_path / "carol"
    founded(alice)
    joined(bob, alice)
    with pytest.raises(FleetError, match="aggregator init"):
        joined(carol, bob)
    load_or_make(bob / fleet.KEY_NAME)
    with pytest.raises(FleetError, match="another fleet"):
        joined(carol, bob)


def test_an_expired_invitation_is_refused(tmp_path: Path) -> None:
    founded(tmp_path / "alice")
    by = admission.own_fleet(tmp_path / "alice", node(tmp_path / "alice"))
    line = admission.write_token(tmp_path / "alice", by, NOW, 1, [])
    token = admission.read_token(line, lambda _: True)
    with pytest.raises(FleetError, match=r"expired 3 hours ago.*ask for a new one"):
        joins(tmp_path / "bob", token, NOW + 3 * HOUR)
    assert not (tmp_path / "bob" / fleet.NAME).exists()


def test_a_member_of_another_fleet_is_told_how_to_leave_it(tmp_path: Path) -> None:
    founded(tmp_path / "alice")
    before = founded(tmp_path / "bob")
    with pytest.raises(FleetError, match=r"another fleet.*move .*fleet\.json away"):
        joined(tmp_path / "bob", tmp_path / "alice")
    assert fleet.load_fleet(tmp_path / "bob", node(tmp_path / "bob").peer) == before


def test_joining_again_with_the_same_invitation_uses_it_once(tmp_path: Path) -> None:
    alice, bob = tmp_path / "alice", tmp_path / "bob"
    by = founded(alice)
    token = admission.read_token(admission.write_token(alice, by, NOW + HOUR, 1, []), lambda _: True)
    first = joins(bob, token, NOW + 60)
    assert joins(bob, token, NOW + 90).member == first.member


def test_joining_again_brings_the_network_key_that_was_missed(tmp_path: Path) -> None:
    alice, bob = tmp_path / "alice", tmp_path / "bob"
    by = founded(alice)
    joined(bob, alice)
    key = fleet.load_fleet_key(alice, by.keys)
    newer = renew(by.network_keys[0], b"2" * 32, NOW + 70, 0.0, key.public, key.sign)
    fleet.save(alice, by.learned(Keys(network=[newer])))
    again = joined(bob, alice)
    assert [each.generation for each in again.network_keys] == [2, 1]
    assert again.psks(NOW + 80) == [newer.psk]


def spoil(directory: Path, how: str) -> None:
    file, marker, key = (directory / name for name in (fleet.NAME, markerkey.NAME, fleet.NODE_KEY))
    match how:
        case "readable":
            file.chmod(0o640)
        case "cut off":
            file.write_text("{")
        case "another shape":
            file.write_text("[]")
        case "no marker key":
            marker.unlink()
        case "another marker key":
            marker.write_bytes(b"x" * 32)
        case "half a marker key":
            marker.write_bytes(b"x")
        case _:
            key.unlink()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("readable", "chmod 600"),
        ("cut off", "damaged"),
        ("another shape", "damaged"),
        ("no marker key", "copy it from another node"),
        ("another marker key", "filed again"),
        ("half a marker key", "not a marker key"),
        ("no node key", "belongs to the node"),
    ],
)
def test_what_is_wrong_is_named_with_the_remedy(tmp_path: Path, how: str, says: str) -> None:
    founded(tmp_path)
    spoil(tmp_path, how)
    with pytest.raises(FleetError, match=says) as error:
        fleet.load_fleet(tmp_path, node(tmp_path).peer)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("part", ["id", "network_keys", "member", "length", "version"])
def test_a_file_that_was_tampered_with_is_refused(tmp_path: Path, part: str) -> None:
    other = msgspec.json.decode(msgspec.json.encode(founded(tmp_path / "other")))
    founded(tmp_path)
    held = msgspec.json.decode((tmp_path / fleet.NAME).read_bytes())
    held[part] = {"length": 0, "version": 9}.get(part, other[part])
    (tmp_path / fleet.NAME).write_bytes(msgspec.json.encode(held))
    with pytest.raises(FleetError, match=r"fleet\.json"):
        fleet.load_fleet(tmp_path, node(tmp_path).peer)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = founded(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("node.fleet.os.fsync", full)
    with pytest.raises(FleetError, match="No space"):
        fleet.save(tmp_path, msgspec.structs.replace(before, name="other"))
    assert fleet.read(tmp_path / fleet.NAME) == before
    assert {each.name for each in tmp_path.iterdir()} == {"key", "marker.key", "fleet.key", "fleet.json"}


def test_no_secret_is_shown(tmp_path: Path) -> None:
    made = founded(tmp_path)
    assert made.network_keys[0].psk not in repr(made)
    assert repr(made.network_keys[0].secret)[2:-1] not in repr(made)
