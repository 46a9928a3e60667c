"""Fleet keys that name their successors, and network keys, generation by generation."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fleetkey import KEPT, NetworkKey, accepted, check, fleet_keys, merged, renew, succeed
from aggregator.reason import Reason
from node.identity import verify_key
from tests.pure.people import FLEET, NOW, key, network_key

KEYS = (FLEET.public,)
ENCODED = msgspec.msgpack.encode(network_key())


def renewed(before: NetworkKey, secret: str, now: float, grace: float = 100.0) -> NetworkKey:
    return renew(before, key(secret).public, now, grace, FLEET.public, FLEET.sign)


FIRST = network_key()
SECOND = renewed(FIRST, "second", NOW + 10)
TWIN = renewed(FIRST, "twin", NOW + 11)
THIRD = renewed(SECOND, "third", NOW + 20, grace=5.0)


def test_a_network_key_counts_when_a_fleet_key_signed_it() -> None:
    assert check(SECOND, KEYS, verify_key) is None
    assert check(SECOND, [key("other").public], verify_key) is Reason.OTHER_FLEET


@given(st.integers(0, len(ENCODED) - 1), st.integers(1, 255))
def test_no_byte_of_a_network_key_can_be_changed(place: int, change: int) -> None:
    data = bytearray(ENCODED)
    data[place] ^= change
    try:
        changed = msgspec.msgpack.decode(bytes(data), type=NetworkKey)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert check(changed, KEYS, verify_key) is not None


@given(st.lists(st.sampled_from([FIRST, SECOND, TWIN, THIRD])), st.lists(st.sampled_from([FIRST, SECOND, TWIN, THIRD])))
def test_merging_commutes_is_idempotent_and_bounded(one: list[NetworkKey], two: list[NetworkKey]) -> None:
    both = merged(one, two)
    assert both == merged(two, one) == merged(both, one) == merged(both, both)
    assert len(both) <= KEPT
    assert not one or both[0] == max([*one, *two], key=NetworkKey.rank)


def test_the_one_before_opens_the_door_as_long_as_the_newer_one_says() -> None:
    keys = merged([FIRST], [SECOND])
    assert accepted(keys, NOW + 109) == (SECOND, FIRST)
    assert accepted(keys, NOW + 110) == (SECOND,)
    assert accepted(merged(keys, [THIRD]), NOW + 24) == (THIRD, SECOND, FIRST)
    assert accepted(merged(keys, [THIRD]), NOW + 25) == (THIRD,)


def test_two_who_renew_at_once_end_with_the_same_key_and_lock_nobody_out() -> None:
    keys = merged([FIRST, SECOND], [TWIN])
    assert keys[0] == TWIN
    assert accepted(keys, NOW + 50) == (TWIN, SECOND, FIRST)


def test_a_fleet_key_hands_over_to_the_next_and_both_count() -> None:
    a, b, c = FLEET, key("b"), key("c")
    steps = [succeed(b.public, c.public, b.sign), succeed(a.public, b.public, a.sign)]
    assert fleet_keys(a.public, steps, verify_key) == (a.public, b.public, c.public)
    assert fleet_keys(a.public, steps[:1], verify_key) == (a.public,)


def test_nobody_else_can_name_a_fleet_key() -> None:
    mallory = key("mallory")
    forged = succeed(FLEET.public, mallory.public, mallory.sign)
    led = [forged, succeed(mallory.public, key("x").public, mallory.sign)]
    assert fleet_keys(FLEET.public, led, verify_key) == KEYS
